# deliver-smtp: see confine(8).
# It confines itself further.
calls getdents64 getrlimit getsockopt gettid lstat openat prctl pread64 prlimit64 recvmsg sendmsg
calls setrlimit socket(netlink) tkill
calls landlock_add_rule landlock_create_ruleset landlock_restrict_self
include dns
read $CHAINMAIL_CONF
connect 25 465 587
bind 0
