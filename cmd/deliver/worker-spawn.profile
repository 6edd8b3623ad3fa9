# worker-spawn: see confine(8).
# It becomes the users whose deliverers it starts; those are words of its command line.
calls access chdir clone close_range dup2 fork geteuid getpid getresgid getresuid getrlimit
calls getsockopt kill lstat ppoll prctl prlimit64 recvmsg sendmsg sendto setgroups setresgid
calls setresuid setrlimit setuid shutdown socketpair wait4
read $CHAINMAIL_CONF
write /dev/null
