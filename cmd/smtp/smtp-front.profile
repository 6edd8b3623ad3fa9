# smtp-front: see confine(8).
# Hooks are allowed what they need when the service starts.
calls access close_range connect dup2 faccessat faccessat2 fchmod fsync getdents64 getegid geteuid
calls getgid getrandom getuid kill linkat lstat memfd_create openat pipe pipe2 ppoll prctl pread64
calls pwrite64 pwritev recvfrom rename rt_sigtimedwait sendto setpgid setsockopt socket(unix) syncfs
calls unlink vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE/new $CHAINMAIL_QUEUE/tmp
write $CHAINMAIL_QUEUE/trigger /dev/null
hooks $CHAINMAIL_CONF/hooks $QMAILQUEUE
