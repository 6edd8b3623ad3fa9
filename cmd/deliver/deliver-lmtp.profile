# deliver-lmtp: see confine(8).
calls dup2 getdents64 getrlimit getsockopt gettid lstat openat prctl pread64 prlimit64 recvmsg
calls sendmsg setrlimit tkill
include dns
read $CHAINMAIL_CONF
connect 24 2003
