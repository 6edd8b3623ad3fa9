# queue-send: see confine(8).
# Workers that it starts itself, -w channel=program or deliver-maildir without any -w, are named by
# confine -p.
calls accept accept4 access bind chmod chown clock_nanosleep connect dup2 fchmod fchmodat fchown
calls flock fsync ftruncate getdents64 getrlimit getsockname getsockopt getuid kill linkat listen
calls lseek lstat mknodat nanosleep openat prctl pread64 prlimit64 pwrite64 recvfrom recvmsg rename
calls renameat sendmsg sendto setpgid setsockopt signalfd signalfd4 socket(unix) socketpair syncfs
calls umask uname unlink unlinkat vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
write /dev/null
