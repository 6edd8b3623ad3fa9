# tcp-rules: see confine(8).
calls lseek lstat memfd_create pread64 recvfrom sendmsg shutdown
read $CHAINMAIL_CONF $CHAINMAIL_RUN
