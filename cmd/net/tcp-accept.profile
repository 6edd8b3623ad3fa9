# tcp-accept: see confine(8).
# -U needs those of identities. -b says which ports may be bound.
calls accept accept4 access bind connect dup2 geteuid getpid getrandom getresgid getresuid
calls getsockname getsockopt kill listen lseek lstat memfd_create pread64 recvfrom sendmsg sendto
calls setgroups setpgid setresgid setresuid setsockopt setuid shutdown signalfd4 socket(unix)
calls socket(tcp) socket(tcp6) umask unlink vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_RUN
write /dev/null
