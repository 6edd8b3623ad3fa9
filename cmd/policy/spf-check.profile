# spf-check: see confine(8).
calls getdents64 getrandom lstat openat
include dns
read $CHAINMAIL_CONF
