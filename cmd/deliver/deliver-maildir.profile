# deliver-maildir: see confine(8).
# CHAINMAIL_MAIL is where Maildirs are. It has threads, and starts no processes.
calls chdir clone(thread) dup faccessat faccessat2 fsync getdents64 geteuid getpid getrlimit
calls gettid lstat mkdir mkdirat openat prctl pread64 prlimit64 recvmsg renameat
calls sched_setscheduler sendto set_robust_list setrlimit setsockopt sync_file_range tkill umask
calls uname unlinkat
read $CHAINMAIL_CONF
make $CHAINMAIL_MAIL
