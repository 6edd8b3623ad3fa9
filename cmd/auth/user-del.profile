# user-del: see confine(8).
calls chmod chown fchmod fchown flock fsync getcwd lseek lstat memfd_create prctl prlimit64 readlink
calls rename setrlimit unlink
make $CHAINMAIL_CONF
