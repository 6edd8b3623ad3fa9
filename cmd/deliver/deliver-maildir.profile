# deliver-maildir: see confine(8).
# CHAINMAIL_MAIL is where Maildirs are.
calls chdir dup faccessat faccessat2 fsync getdents64 getegid geteuid getgid getpid getrlimit gettid
calls getuid lstat mkdir mkdirat openat pipe pipe2 prctl pread64 prlimit64 recvmsg renameat
calls sched_setscheduler sendto set_robust_list setrlimit setsockopt sync_file_range tkill umask
calls uname unlinkat wait4
make $CHAINMAIL_MAIL
