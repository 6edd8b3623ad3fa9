# checkpassword-dovecot: see confine(8).
calls connect getpid gettid prctl prlimit64 setitimer setrlimit socket(unix) tkill
write /dev/null
