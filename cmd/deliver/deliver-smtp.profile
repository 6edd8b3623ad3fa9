# deliver-smtp: see confine(8).
# 49 calls: beside those of every program, 10 to ask name servers and to connect, 7 for jobs, messages
# and tables, and 5 to confine itself further. 40 are left to it when it hears of its first job.
calls getdents64 getrandom getsockopt lstat openat prctl pread64 prlimit64 recvmsg sendmsg
calls socket(netlink) landlock_add_rule landlock_create_ruleset landlock_restrict_self
include dns
read $CHAINMAIL_CONF
connect 25 465 587
bind 0
