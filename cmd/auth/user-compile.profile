# user-compile: see confine(8).
calls chmod chown fchmod fchown flock fsync getcwd gettid lseek lstat memfd_create prctl prlimit64
calls readlink rename setrlimit tkill unlink
make $CHAINMAIL_CONF
