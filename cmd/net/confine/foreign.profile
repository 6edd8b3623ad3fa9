# Programs that we did not write: shells, interpreters, filters. All files may be read and executed
# that the user may, and none written but in the places that the others of the chain may write to.
# System calls are those of programs of all kinds. Left out are those that trace others, change what
# is mounted, load code into the kernel, enter or make namespaces, set clocks, or have had more faults
# than uses here: io_uring, userfaultfd, bpf, perf_event_open, keyctl.
include libc-dynamic
calls accept accept4 access alarm bind capget capset chdir chmod chown clock_getres clone close_range
calls connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait
calls epoll_wait eventfd eventfd2 execveat faccessat faccessat2 fadvise64 fallocate fchdir fchmod
calls fchmodat fchown fchownat fdatasync fgetxattr flistxattr flock fork fsetxattr fstatfs fsync
calls ftruncate get_robust_list getcpu getdents getdents64 getegid geteuid getgid getgroups getitimer
calls getpeername getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage
calls getsid getsockname getsockopt getuid getxattr inotify_add_watch inotify_init inotify_init1
calls inotify_rm_watch kill lchown lgetxattr link linkat listen listxattr llistxattr lsetxattr lstat
calls membarrier memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall msync munlock
calls munlockall nanosleep pause pidfd_open pidfd_send_signal pipe prctl preadv pselect6 pwrite64
calls pwritev readahead readv recvfrom recvmmsg recvmsg rename renameat renameat2 rmdir
calls rt_sigpending rt_sigqueueinfo rt_sigsuspend rt_sigtimedwait sched_getattr sched_getparam
calls sched_get_priority_max sched_get_priority_min sched_getscheduler sched_setaffinity
calls sched_setscheduler seccomp select semctl semget semop sendfile sendmmsg sendmsg sendto setfsgid
calls setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid
calls setrlimit setsid setsockopt setuid setxattr shmat shmctl shmdt shmget shutdown sigaltstack
calls signalfd signalfd4 socketpair splice statfs symlink symlinkat sync sync_file_range syncfs
calls tee time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create
calls timerfd_gettime timerfd_settime times tkill truncate umask unlink unlinkat utimensat utimes
calls vfork vmsplice wait4 waitid
calls landlock_create_ruleset landlock_add_rule landlock_restrict_self
calls socket(unix) socket(tcp) socket(tcp6) socket(udp) socket(udp6) socket(netlink)
read /
exec /
write /dev
make /tmp /var/tmp
connect *
