# queue-list: see confine(8).
calls getdents64 lstat openat pread64
read $CHAINMAIL_CONF
read $CHAINMAIL_QUEUE
