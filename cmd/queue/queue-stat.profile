# queue-stat: see confine(8).
calls connect getdents64 lseek lstat openat pread64 recvfrom sendto setsockopt socket(unix) ioctl
read $CHAINMAIL_CONF
read $CHAINMAIL_QUEUE
