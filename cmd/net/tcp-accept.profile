# tcp-accept: see confine(8).
# -U needs those of identities. -b says which ports may be bound.
calls accept accept4 access bind connect dup2 geteuid getpid getresgid getresuid getsockname
calls getsockopt gettid kill listen lseek lstat memfd_create pread64 recvfrom sendmsg sendto
calls setgroups setpgid setresgid setresuid setsockopt setuid shutdown signalfd signalfd4
calls socket(unix) socket(tcp) socket(tcp6) tkill umask unlink vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_RUN
write /dev/null
