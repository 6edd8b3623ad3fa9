# user-add: see confine(8).
calls chmod chown fchmod fchown flock fsync getcwd getdents64 ioctl lseek memfd_create prctl
calls readlink rename setrlimit unlink
make $CHAINMAIL_CONF
write /dev/tty
