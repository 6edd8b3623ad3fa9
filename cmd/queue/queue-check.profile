# queue-check: see confine(8).
calls getdents64 lstat openat pread64 renameat
calls geteuid getpid getresgid getresuid gettid kill setgroups setresgid setresuid setuid tkill
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
