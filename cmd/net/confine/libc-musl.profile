# A static program that was linked with musl: its start, memory, signals and time, what it does to
# descriptors that are open, and how it becomes the next program: confine's own exec is the first.
# Calls that musl has for kernels without a newer one (gettimeofday, getrlimit, setrlimit, signalfd)
# are in no profile: kernels with filters have the newer ones. abort ends in SIGSYS.
calls arch_prctl set_tid_address execve exit exit_group futex restart_syscall
calls brk mmap(noexec) mprotect(noexec) mremap munmap madvise
calls rt_sigaction rt_sigprocmask rt_sigreturn
calls clock_gettime
calls read write writev close fcntl poll
calls open stat fstat newfstatat
