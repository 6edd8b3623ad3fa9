# checkpassword-file: see confine(8).
calls getpid lseek prctl pread64 setgroups setitimer setresgid setresuid setrlimit setuid sysinfo
read $CHAINMAIL_CONF
