# lmtp-inject: see confine(8).
# 46 calls: beside those of every program, 10 to ask name servers and to connect, and 9 for messages,
# settings and secrets.
calls getdents64 getrandom getsockopt lstat memfd_create openat pread64 recvmsg sendmsg unlink
include dns
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE/tmp
connect 24 2003
