# deliver-maildir: see confine(8).
# CHAINMAIL_MAIL is where Maildirs are. It has threads, and starts no processes.
# 51 calls: beside those of every program, 13 make, sync and count files, 5 are for jobs and messages, 6
# to start and to confine itself further. 42 are left to it when it hears of its first job.
calls chdir clone(thread) dup faccessat faccessat2 fsync getdents64 geteuid getpid lstat mkdir
calls mkdirat openat prctl pread64 prlimit64 recvmsg renameat sendto setsockopt sync_file_range
calls umask uname unlinkat
read $CHAINMAIL_CONF
make $CHAINMAIL_MAIL
