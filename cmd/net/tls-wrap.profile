# tls-wrap: see confine(8).
# Its helper confines itself further.
calls clone close_range connect dup dup2 fork getdents64 getrandom gettid lstat mlock openat prctl
calls prlimit64 recvfrom recvmsg sched_getaffinity sendmsg sendto shutdown socket(unix)
calls socketpair sysinfo wait4
read $CHAINMAIL_CONF
read /dev/urandom
