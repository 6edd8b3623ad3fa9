# deliver-lmtp: see confine(8).
calls dup2 getdents64 getrlimit getsockopt lstat openat prctl pread64 prlimit64 recvmsg sendmsg
calls setrlimit
include dns
read $CHAINMAIL_CONF
connect 24 2003
