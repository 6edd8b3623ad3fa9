# mail-inject: see confine(8).
calls connect getdents64 getuid ioctl lseek memfd_create openat readv recvfrom sendmsg setsockopt
calls shutdown socket
read $CHAINMAIL_CONF
read /etc/passwd
make /tmp
