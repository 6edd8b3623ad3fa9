# dnsbl-check: see confine(8).
calls lstat tkill
include dns
read $CHAINMAIL_CONF
