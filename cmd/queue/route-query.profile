# route-query: see confine(8).
calls lstat
read $CHAINMAIL_CONF
