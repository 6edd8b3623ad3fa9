# queue-inject: see confine(8).
calls fchmod fsync ftruncate geteuid getrandom linkat lstat pread64 pwrite64 rename setitimer syncfs
calls unlink
make $CHAINMAIL_QUEUE/new $CHAINMAIL_QUEUE/tmp
write $CHAINMAIL_QUEUE/trigger
