# A static program that was linked with musl: its start, memory, signals, time and chance, what it
# does to descriptors that are open, and how it becomes the next program.
calls arch_prctl set_tid_address execve exit exit_group futex restart_syscall
calls brk mmap(noexec) mprotect(noexec) mremap munmap madvise
calls rt_sigaction rt_sigprocmask rt_sigreturn
calls clock_gettime gettimeofday getrandom
calls read write writev close fcntl poll
calls open stat fstat newfstatat
