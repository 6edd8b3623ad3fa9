# user-list: see confine(8).
calls flock getcwd gettid lstat prctl prlimit64 readlink setrlimit tkill
read $CHAINMAIL_CONF
