# queue-retry: see confine(8).
calls connect getdents64 lseek lstat openat pread64 recvfrom sendto setsockopt socket(unix) chown
calls fchown flock fsync unlinkat
calls geteuid getpid getresgid getresuid gettid kill setgroups setresgid setresuid setuid tkill
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
