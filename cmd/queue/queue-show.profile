# queue-show: see confine(8).
calls connect getdents64 lseek lstat openat pread64 setsockopt socket(unix) ioctl readv
read $CHAINMAIL_CONF
read $CHAINMAIL_QUEUE
