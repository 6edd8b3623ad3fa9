# worker-spawn: see confine(8).
# What its deliverers may, which are other users, is theirs, and CHAINMAIL_MAIL is where homes are.
calls access chdir clone close_range dup2 fork geteuid getpid getresgid getresuid getsockopt gettid
calls kill lstat memfd_create ppoll prctl pread64 prlimit64 pwrite64 recvmsg sendmsg sendto setgroups
calls setresgid setresuid setuid shutdown socketpair wait4
read $CHAINMAIL_CONF
write /dev/null
