# tls-wrap-openssl: see confine(8).
# Its helper confines itself further. OpenSSL is glibc's, and reads more than it needs.
calls clone close_range connect dup dup2 fork getdents64 getpid getrlimit mlock prctl recvfrom
calls recvmsg sched_getaffinity seccomp sendmsg sendto setrlimit setsockopt shutdown socket(unix)
calls socketpair sysinfo wait4
read $CHAINMAIL_CONF
read /dev/urandom /etc/ssl
