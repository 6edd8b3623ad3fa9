# lmtp-inject: see confine(8).
calls getdents64 getsockopt lstat memfd_create openat pread64 recvmsg sendmsg tkill unlink
include dns
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE/tmp
connect 24 2003
