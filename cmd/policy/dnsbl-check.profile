# dnsbl-check: see confine(8).
calls getrandom lstat
include dns
read $CHAINMAIL_CONF
