/* confine: what a process gives up before it reads hostile bytes. All of it lasts until it ends,
 * and its children have it too. */
#ifndef CHAINMAIL_CONFINE_H
#define CHAINMAIL_CONFINE_H

#include <stddef.h>
#include <stdint.h>

/* No new privileges by exec, no core, not dumpable (nobody of the same user can trace it or read
   its memory), no further processes, and no file grows, unless it logs to one. 0, or -1 with
   errno. */
int confine_process(void);

/* No files but those below these folders can be opened from now on, and they for reading only, nor
   can any be made, removed or executed (Landlock); descriptors that are open stay so. Needs
   confine_process. 0, or -1 with errno: ENOSYS: the kernel has no Landlock. */
int confine_files(char const *const *folders, size_t count);

/* A system call that stays allowed. */
typedef struct confine_call {
  int number;    /* SYS_... */
  int argument;  /* 0 to 5: allowed if this one, with the bits of mask alone, is value; */
  uint32_t mask; /* 0: whatever the arguments are. Only the lower 32 bits are looked at. */
  uint32_t value;
} confine_call_t;

#define CONFINE_CALLS_MAX 120

/* All system calls but these fail with EPERM from now on (seccomp); needs confine_process. 0, or -1
   with errno: EINVAL (too many), ENOSYS (not on this machine, or the kernel has no seccomp). */
int confine_calls(confine_call_t const *calls, size_t count);

/* What moving bytes between open descriptors takes, and memory: the first confine_stream_count; and
   all, confine_asking_count, asking services behind unix sockets besides. No file can be opened,
   nothing executed, no connection made to another machine. */
extern confine_call_t const confine_stream[];
extern size_t const confine_stream_count, confine_asking_count;

#endif
