#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "confine/confine.h"

#define ANY(name)                                                                                  \
  { SYS_##name, 0, 0, 0 }
#define NOT_EXECUTABLE(name)                                                                       \
  { SYS_##name, 2, PROT_EXEC, 0 }

confine_call_t const confine_stream[] = {
    /* bytes */
    ANY(read),
    ANY(write),
    ANY(readv),
    ANY(writev),
    ANY(recvfrom),
    ANY(sendto),
    ANY(ppoll),
#ifdef SYS_poll
    ANY(poll),
#endif
    /* descriptors */
    ANY(shutdown),
    ANY(fcntl),
    ANY(close),
    /* memory */
    NOT_EXECUTABLE(mmap),
    NOT_EXECUTABLE(mprotect),
    ANY(mremap),
    ANY(munmap),
    ANY(madvise),
    ANY(brk),
    /* time and chance */
    ANY(clock_gettime),
    ANY(gettimeofday),
#ifdef SYS_time
    ANY(time),
#endif
    ANY(getrandom),
    /* oneself */
    ANY(getpid),
    ANY(gettid),
    ANY(futex),
    ANY(sched_yield),
    ANY(rt_sigprocmask),
    ANY(rt_sigreturn),
    ANY(restart_syscall),
    ANY(exit),
    ANY(exit_group),
#ifdef __SANITIZE_ADDRESS__
    ANY(sigaltstack), /* the sanitizer's, before what does not return */
#endif
    /* asking */
    {SYS_socket, 0, UINT32_MAX, AF_UNIX},
    ANY(connect),
    ANY(recvmsg),
    ANY(sendmsg),
};

#define ASKING 4

size_t const confine_asking_count = sizeof confine_stream / sizeof *confine_stream;
size_t const confine_stream_count = sizeof confine_stream / sizeof *confine_stream - ASKING;
