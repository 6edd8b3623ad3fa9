# queue-stat: see confine(8).
calls connect getdents64 lstat openat pread64 setsockopt socket(unix) ioctl
read $CHAINMAIL_CONF
read $CHAINMAIL_QUEUE
