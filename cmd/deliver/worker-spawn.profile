# worker-spawn: see confine(8).
# What its deliverers may, which are other users, is theirs, and CHAINMAIL_MAIL is where homes are.
calls access chdir clone close_range dup2 fork geteuid getpid getresgid getresuid getrlimit
calls getsockopt gettid kill lstat ppoll prctl prlimit64 recvmsg sendmsg sendto setgroups setresgid
calls setresuid setrlimit setuid shutdown socketpair tkill wait4
read $CHAINMAIL_CONF
write /dev/null
