# route-compile: see confine(8).
# It asks for users' names, by whatever way the machine has.
# 71 calls: glibc's own are 52; 5 are for the file, and 14 for what stands behind names (NSS).
calls bind connect fchmod fsync geteuid getpeername getsockname getsockopt getuid lseek memfd_create
calls prctl recvfrom recvmsg rename sendmsg sendto setsockopt unlink socket(unix) socket(tcp)
calls socket(tcp6) socket(udp) socket(udp6) socket(netlink)
make $CHAINMAIL_CONF
read /etc
