# queue-send: see confine(8).
# Workers that it starts itself, -w channel=program or deliver-maildir without any -w, are named by
# confine -p.
calls landlock_add_rule landlock_create_ruleset landlock_restrict_self
calls accept accept4 access bind clock_nanosleep connect dup2 fchmod fchmodat fchown flock fsync
calls ftruncate getdents64 getrandom getsockname getsockopt getuid kill linkat listen lseek lstat
calls mknodat nanosleep openat prctl pread64 prlimit64 pwrite64 recvfrom recvmsg rename renameat
calls sendmsg sendto setpgid setsockopt signalfd4 socket(unix) socketpair syncfs umask uname unlink
calls unlinkat vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
write /dev/null
