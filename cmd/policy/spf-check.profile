# spf-check: see confine(8).
calls getdents64 lstat openat tkill
include dns
read $CHAINMAIL_CONF
