# route-compile: see confine(8).
calls chmod fchmod fsync lseek lstat memfd_create rename unlink
make $CHAINMAIL_CONF
