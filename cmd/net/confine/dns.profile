# Asking name servers, by UDP: to any port of any machine, since neither a filter nor Landlock can look
# at where a datagram goes. Their list is replaced with its inode whenever a network changes: the folder
# is allowed and not the file; what is secret there has modes of its own.
# ioctl and the unix socket find the number of an interface, for a server such as fe80::1%eth0.
calls bind connect ioctl lseek readv recvfrom sendto setsockopt socket(unix) socket(tcp)
calls socket(tcp6) socket(udp) socket(udp6)
read /etc /run/systemd/resolve /run/resolvconf /run/NetworkManager /dev/urandom
connect 53
