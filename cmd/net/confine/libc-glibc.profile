# A static program that was linked with glibc: as libc-musl, and glibc's own names for it.
include libc-musl
calls set_robust_list rseq prlimit64 readlink readlinkat uname access
calls gettimeofday getrandom
calls openat lseek pread64 ppoll pipe2 statx clock_nanosleep sched_yield
calls alarm ioctl getpid gettid tgkill sysinfo sched_getaffinity getcwd
read /sys/devices/system/cpu /proc/sys/vm /proc/sys/kernel
read /dev/urandom /dev/random
