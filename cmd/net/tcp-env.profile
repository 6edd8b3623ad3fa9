# tcp-env: see confine(8).
calls dup2 getpeername getpid getsockname getsockopt lstat
write /dev/null
