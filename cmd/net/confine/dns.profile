# Asking name servers. Their list is replaced with its inode whenever a network changes: the folder
# is allowed and not the file; what is secret there has modes of its own.
calls bind connect ioctl lseek readv recvfrom sendto setsockopt socket(unix) socket(inet)
calls socket(inet6) uname
read /etc /run/systemd/resolve /run/resolvconf /run/NetworkManager /dev/urandom
connect 53
