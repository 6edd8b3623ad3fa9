# queue-check: see confine(8).
calls getdents64 lstat openat pread64 renameat geteuid getresgid getresuid setgroups setresgid
calls setresuid setuid
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
