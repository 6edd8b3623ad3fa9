# dnsbl-check: see confine(8).
calls lstat
include dns
read $CHAINMAIL_CONF
