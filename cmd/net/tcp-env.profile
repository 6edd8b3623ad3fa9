# tcp-env: see confine(8).
calls dup2 getpeername getpid getrandom getsockname getsockopt lstat
write /dev/null
