# queue-send: see confine(8).
# Workers that it starts itself (-w channel=program) are named by confine -p.
calls accept4 access bind chmod connect dup2 fchmod fchmodat flock fsync ftruncate getdents64
calls getrlimit getsockopt getuid kill linkat listen lseek lstat mknodat openat prctl pread64
calls prlimit64 pwrite64 recvmsg rename renameat sendmsg sendto setpgid signalfd signalfd4 socket
calls socketpair syncfs uname unlink unlinkat vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
make $CHAINMAIL_RUN
write /dev/null
