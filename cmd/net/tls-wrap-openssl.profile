# tls-wrap-openssl: see confine(8).
# Its helper confines itself further. OpenSSL is glibc's, and reads more than it needs.
calls clone close_range connect dup dup2 fork getdents64 getpid mlock prctl recvfrom recvmsg
calls sched_getaffinity sendmsg sendto setsockopt shutdown socket(unix) socketpair sysinfo
calls wait4
read $CHAINMAIL_CONF
read /dev/urandom /etc/ssl
