# user-list: see confine(8).
calls flock getcwd lstat prctl prlimit64 readlink
read $CHAINMAIL_CONF
