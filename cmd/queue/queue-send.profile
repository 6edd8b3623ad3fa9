# queue-send: see confine(8).
# Workers that it starts itself (-w channel=program) are named by confine -p.
calls accept accept4 access bind chmod chown connect dup2 fchmod fchmodat fchown flock fsync
calls ftruncate getdents64 getrlimit getsockname getsockopt getuid kill linkat listen lseek lstat
calls mknodat openat prctl pread64 prlimit64 pwrite64 recvfrom recvmsg rename renameat sendmsg
calls sendto setpgid setsockopt signalfd signalfd4 socket socketpair syncfs umask uname unlink
calls unlinkat vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE
make $CHAINMAIL_RUN
write /dev/null
