# checkpassword-dovecot: see confine(8).
calls connect getpid prctl prlimit64 setitimer socket(unix)
write /dev/null
