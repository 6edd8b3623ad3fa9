# queue-inject: see confine(8).
calls chmod fchmod fsync ftruncate geteuid linkat lstat pread64 pwrite64 rename setitimer syncfs
calls unlink
make $CHAINMAIL_QUEUE/new $CHAINMAIL_QUEUE/tmp
write $CHAINMAIL_QUEUE/trigger
