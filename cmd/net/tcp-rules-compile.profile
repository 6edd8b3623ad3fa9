# tcp-rules-compile: see confine(8).
calls fsync lseek rename unlink
make $CHAINMAIL_CONF
