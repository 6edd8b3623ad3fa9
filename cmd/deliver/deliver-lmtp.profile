# deliver-lmtp: see confine(8).
# 50 calls: beside those of every program, 10 to ask name servers and to connect, 7 for jobs, messages
# and settings, and 6 to start and to confine itself further. 40 are left to it when it hears of its first job.
calls dup2 getdents64 getrandom getsockopt lstat openat prctl pread64 prlimit64 recvmsg sendmsg
calls landlock_add_rule landlock_create_ruleset landlock_restrict_self
include dns
read $CHAINMAIL_CONF
connect 24 2003
