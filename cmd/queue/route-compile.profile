# route-compile: see confine(8).
# It asks for users' names, by whatever way the machine has.
calls bind chmod connect fchmod fsync geteuid getpeername getsockname getsockopt getuid lseek
calls memfd_create prctl recvfrom recvmsg rename sendmsg sendto setsockopt unlink
calls socket(unix) socket(tcp) socket(tcp6) socket(udp) socket(udp6) socket(netlink)
make $CHAINMAIL_CONF
read /etc
