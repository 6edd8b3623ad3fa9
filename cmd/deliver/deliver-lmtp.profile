# deliver-lmtp: see confine(8).
# It confines itself further.
calls dup2 getdents64 getrlimit getsockopt gettid lstat openat prctl pread64 prlimit64 recvmsg
calls sendmsg setrlimit tkill
calls landlock_add_rule landlock_create_ruleset landlock_restrict_self
include dns
read $CHAINMAIL_CONF
connect 24 2003
