# tcp-rules-query: see confine(8).
calls lseek lstat memfd_create pread64
read $CHAINMAIL_CONF
