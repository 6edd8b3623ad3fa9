#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "confine/confine.h"

confine_call_t const confine_stream[] = {
    /* bytes */
    CONFINE_ANY(read),
    CONFINE_ANY(write),
    CONFINE_ANY(readv),
    CONFINE_ANY(writev),
    CONFINE_ANY(recvfrom),
    CONFINE_ANY(sendto),
    CONFINE_ANY(ppoll),
#ifdef SYS_poll
    CONFINE_ANY(poll),
#endif
    /* descriptors */
    CONFINE_ANY(shutdown),
    CONFINE_WITH(fcntl, 1, F_GETFL), /* F_DUPFD would give a connection another number */
    CONFINE_WITH(fcntl, 1, F_SETFL),
    CONFINE_ANY(close),
    /* memory */
    CONFINE_NOEXEC(mmap),
    CONFINE_NOEXEC(mprotect),
    CONFINE_ANY(mremap),
    CONFINE_ANY(munmap),
    CONFINE_ANY(madvise),
    CONFINE_ANY(brk),
    /* time and chance */
    CONFINE_ANY(clock_gettime),
    CONFINE_ANY(gettimeofday),
#ifdef SYS_time
    CONFINE_ANY(time),
#endif
    CONFINE_ANY(getrandom),
    /* oneself */
    CONFINE_ANY(getpid),
    CONFINE_ANY(gettid),
    CONFINE_ANY(futex),
    CONFINE_ANY(sched_yield),
    CONFINE_ANY(rt_sigprocmask),
    CONFINE_ANY(rt_sigreturn),
    CONFINE_ANY(restart_syscall),
    CONFINE_ANY(exit),
    CONFINE_ANY(exit_group),
#ifdef __SANITIZE_ADDRESS__
    CONFINE_ANY(sigaltstack), /* the sanitizer's, before what does not return */
#endif
    /* asking; a filter cannot see whom connect is for, and a connection can be undone by it */
    CONFINE_WITH(socket, 0, AF_UNIX),
    {.number = SYS_connect, .tests[0] = {0, ~3U, CONFINE_ASKING_FD}},
    CONFINE_ANY(recvmsg),
    CONFINE_ANY(sendmsg),
};

#define ASKING 4

size_t const confine_asking_count = sizeof confine_stream / sizeof *confine_stream;
size_t const confine_stream_count = sizeof confine_stream / sizeof *confine_stream - ASKING;
