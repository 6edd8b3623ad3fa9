# tls-keyd: see confine(8).
# The process that has keys confines itself further.
calls accept accept4 bind clone connect dup2 epoll_create epoll_create1 epoll_ctl epoll_pwait
calls epoll_wait fork getcwd getdents64 geteuid getpid getppid getresgid getresuid getrlimit
calls getsockname getsockopt kill landlock_add_rule landlock_create_ruleset landlock_restrict_self
calls listen lstat mlock mlockall openat pipe pipe2 prctl prlimit64 readlink recvfrom
calls sched_getaffinity seccomp sendto setgroups setresgid setresuid setrlimit setsockopt setuid
calls signalfd signalfd4 socket umask unlink wait4
read $CHAINMAIL_CONF/tls /etc/letsencrypt
make $CHAINMAIL_RUN/tls
