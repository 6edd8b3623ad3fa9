# tls-check: see confine(8).
calls getdents64 ioctl lseek lstat mlock openat
read $CHAINMAIL_CONF /etc/letsencrypt /etc/ssl
