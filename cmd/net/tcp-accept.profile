# tcp-accept: see confine(8).
# -U needs those of identities. -b says which ports may be bound.
calls accept accept4 access bind connect dup2 geteuid getpid getresgid getresuid getsockname
calls getsockopt kill listen lseek lstat memfd_create pread64 recvfrom sendmsg sendto setgroups
calls setpgid setresgid setresuid setsockopt setuid shutdown signalfd signalfd4 socket umask unlink
calls vfork wait4
read $CHAINMAIL_CONF
make $CHAINMAIL_RUN
write /dev/null
