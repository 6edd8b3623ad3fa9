# checkpassword-file: see confine(8).
# 58 calls: glibc's own are 52; 6 are for becoming the user.
calls getpid lseek prctl pread64 setgroups setitimer setresgid setresuid setuid sysinfo
read $CHAINMAIL_CONF
