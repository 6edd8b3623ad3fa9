# tls-connect: see confine(8).
# Its helper confines itself further.
calls clone close_range connect dup dup2 fork getdents64 getrlimit gettid lstat mlock openat prctl
calls prlimit64 recvfrom recvmsg sched_getaffinity seccomp sendmsg sendto setrlimit setsockopt
calls shutdown socket(unix) socketpair sysinfo tkill wait4
read $CHAINMAIL_CONF
read /dev/urandom
read /etc/ssl /usr/share/ca-certificates
