# mail-inject: see confine(8).
# 45 calls: beside those of every program, 7 to speak to smtp-front, 6 for the message, names and
# settings, and 5 to find out who sends, with musl's stdio and its question to nscd.
calls connect getdents64 getrandom getsockopt getuid ioctl lseek memfd_create openat pread64 readv
calls recvfrom recvmsg sendmsg sendto setsockopt shutdown socket(unix)
read $CHAINMAIL_CONF
read /etc/passwd
make /tmp
