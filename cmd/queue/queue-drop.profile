# queue-drop: see confine(8).
calls connect getdents64 lseek lstat openat pread64 recvfrom sendto setsockopt socket(unix) chown
calls fchown flock fsync unlinkat
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
