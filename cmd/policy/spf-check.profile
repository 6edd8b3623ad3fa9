# spf-check: see confine(8).
calls getdents64 lstat openat
include dns
read $CHAINMAIL_CONF
