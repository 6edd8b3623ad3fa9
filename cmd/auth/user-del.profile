# user-del: see confine(8).
calls fchmod fchown flock fsync getcwd lseek lstat memfd_create prctl prlimit64 readlink rename
calls unlink
make $CHAINMAIL_CONF
