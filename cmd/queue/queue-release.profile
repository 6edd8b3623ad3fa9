# queue-release: see confine(8).
# 46 calls: beside those of every program, 7 with which root becomes the queue's owner, 3 to ask
# queue-send, and 9 to read entries and to write their logs where it does not run.
calls connect getdents64 lstat openat pread64 setsockopt socket(unix) fchown flock fsync ftruncate unlinkat
calls geteuid getresgid getresuid setgroups setresgid setresuid setuid
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
