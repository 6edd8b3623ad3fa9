# sasl-auth: see confine(8).
calls access close_range dup2 flock getdents64 getpid getrandom getuid ioctl kill lstat openat pipe
calls pipe2 ppoll prctl pread64 prlimit64 pwrite64 setpgid vfork wait4 waitid
read $CHAINMAIL_CONF
read /etc/machine-id /proc
make $CHAINMAIL_RUN/sasl
write /dev/null
