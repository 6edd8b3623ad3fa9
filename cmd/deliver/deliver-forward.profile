# deliver-forward: see confine(8).
calls fchmod fsync getrandom linkat lstat prctl pread64 pwrite64 recvmsg rename sendto syncfs unlink
read $CHAINMAIL_CONF
make $CHAINMAIL_QUEUE/new $CHAINMAIL_QUEUE/tmp
write $CHAINMAIL_QUEUE/trigger
