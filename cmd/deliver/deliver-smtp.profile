# deliver-smtp: see confine(8).
calls getdents64 getrlimit getsockopt gettid lstat openat prctl pread64 prlimit64 recvmsg sendmsg
calls setrlimit socket(netlink) tkill
include dns
read $CHAINMAIL_CONF
connect 25 465 587
bind 0
