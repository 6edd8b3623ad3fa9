# sendmail-inject: see confine(8).
# The sendmail that it executes is another's.
calls access dup2 kill lstat pread64 setitimer setpgid vfork wait4
include foreign
