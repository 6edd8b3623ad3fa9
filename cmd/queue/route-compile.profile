# route-compile: see confine(8).
# It asks for users' names, by whatever way the machine has.
calls bind chmod connect fchmod fsync geteuid getpeername getsockname getsockopt getuid lseek
calls memfd_create prctl recvfrom recvmsg rename sendmsg sendto setsockopt socket unlink
make $CHAINMAIL_CONF
read /etc
