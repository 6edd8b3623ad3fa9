# mail-inject: see confine(8).
calls connect getdents64 getsockopt getuid ioctl lseek memfd_create openat pread64 readv recvfrom
calls recvmsg sendmsg sendto setsockopt shutdown socket(unix)
read $CHAINMAIL_CONF
read /etc/passwd
make /tmp
