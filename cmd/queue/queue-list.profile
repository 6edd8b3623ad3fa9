# queue-list: see confine(8).
calls connect getdents64 lseek lstat openat pread64 recvfrom sendto setsockopt socket(unix)
read $CHAINMAIL_CONF
read $CHAINMAIL_QUEUE
