# tls-keyd: see confine(8).
# The process that has keys confines itself further.
calls accept accept4 bind clone connect dup2 epoll_create1 epoll_ctl epoll_pwait epoll_wait fork
calls get_robust_list getcwd getdents64 geteuid getpid getppid getrandom getresgid getresuid
calls getsockname getsockopt gettid kill landlock_add_rule landlock_create_ruleset
calls landlock_restrict_self listen lstat mlock mlockall openat pipe pipe2 prctl prlimit64 readlink
calls recvfrom sched_getaffinity sendto set_robust_list setgroups setresgid setresuid
calls setsockopt setuid signalfd4 socket(unix) umask unlink wait4
read $CHAINMAIL_CONF /etc/letsencrypt
make $CHAINMAIL_RUN/tls
