/* confine: what a process gives up before it reads hostile bytes. All of it lasts until it ends,
 * and its children have it too.
 *
 * A program that confines itself calls confine_process, then confine_files and confine_calls; or
 * one function of those for its kind.
 * confine(8), which confines others, reads what it lets them from profiles. */
#ifndef CHAINMAIL_CONFINE_H
#define CHAINMAIL_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For who holds secrets: no core, and not dumpable: nobody of the same user can trace it or read
   its memory. 0, or -1 with errno. */
int confine_memory(void);

/* The same, no new privileges by exec, no further processes, and no file grows, unless it logs to
   one. 0, or -1 with errno. */
int confine_process(void);

/* No files but those below these folders can be opened from now on, and they for reading only, nor
   can any be made, removed or executed (Landlock); descriptors that are open stay so. Needs
   confine_process. 0, or -1 with errno: ENOSYS: the kernel has no Landlock. */
int confine_files(char const *const *folders, size_t count);

/* What a program goes on with once it has started, by what it is for: no new privileges, no core,
   not dumpable, and the rest as far as the kernel has filters (what they refuse fails with EPERM)
   and Landlock. 0, or -1 with errno. A program that comes to need another call gives it a place in
   lib/confine/roles.c, and in its profile. */

/* Speaks to strangers by itself: it reads files, and connects. No file is written, made, removed or
   executed, no process or thread started, no connection taken. Ends with confine_process. */
int confine_reader(void);

/* Takes descriptors and makes files, anywhere. It makes no sockets, starts no process, though
   threads, and executes nothing. */
int confine_writer(void);

/* Keeps a folder, and talks to services behind unix sockets: it, and what it starts, can read all
   files, but write, make and remove none outside the folder; they execute program and what is
   beside it (NULL: nothing), and have no TCP. No filter. */
int confine_keeper(char const *folder, char const *program);

/* What an argument must be. */
typedef struct confine_test {
  int argument;  /* 0 to 5: this one, with the bits of mask alone, is value; */
  uint32_t mask; /* 0: whatever it is. Only the lower 32 bits are looked at. */
  uint32_t value;
} confine_test_t;

/* A system call that stays allowed if all these tests say so; those behind the first without a mask
   are not looked at. */
#define CONFINE_TESTS_MAX 3
typedef struct confine_call {
  int number; /* SYS_... */
  confine_test_t tests[CONFINE_TESTS_MAX];
} confine_call_t;

/* Calls, in a table: whatever the arguments are; with an argument of that value; memory that is not
   executable; a file that is opened for reading alone. */
#define CONFINE_ANY(name)                                                                          \
  { .number = SYS_##name }
#define CONFINE_WITH(name, argument, value)                                                        \
  {                                                                                                \
    .number = SYS_##name, .tests[0] = { argument, UINT32_MAX, value }                              \
  }
#define CONFINE_NOEXEC(name)                                                                       \
  {                                                                                                \
    .number = SYS_##name, .tests[0] = { 2, PROT_EXEC, 0 }                                          \
  }
#define CONFINE_READING(name, argument)                                                            \
  {                                                                                                \
    .number = SYS_##name, .tests[0] = { argument, CONFINE_ALTERS, O_RDONLY }                       \
  }
#define CONFINE_ALTERS (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND) /* of open's flags */

/* The kernel's, which not every libc names: a socket's type without its flags; streams that are no
   TCP to Landlock, though they reach its ports; and sending that connects, and asks no Landlock. */
#define CONFINE_SOCKET_KIND 0xFU
#define CONFINE_MPTCP       262
#define CONFINE_FASTOPEN    0x20000000

#define CONFINE_CALLS_MAX 330

/* All system calls but these fail with EPERM from now on (seccomp); needs confine_process. 0, or -1
   with errno: EINVAL (too many), ENOSYS (not on this machine, or the kernel has no seccomp). */
int confine_calls(confine_call_t const *calls, size_t count);

/* What moving bytes between open descriptors takes, and memory: the first confine_stream_count; and
   all, confine_asking_count, asking services behind unix sockets besides, on the descriptors from
   CONFINE_ASKING_FD to CONFINE_ASKING_FD + 3. No file can be opened, nothing executed, no
   descriptor copied, no connection made to another machine: nor one that is open led there, if none
   lies on those. */
#define CONFINE_ASKING_FD 4
extern confine_call_t const confine_stream[];
extern size_t const confine_stream_count, confine_asking_count;

/* ---- what a service may: confine(8) ---------------------------------------------------------- */

/* What comes of a call that is not allowed. */
typedef enum confine_answer {
  CONFINE_KILL,  /* the process ends of SIGSYS */
  CONFINE_ERRNO, /* EPERM */
  CONFINE_LOG    /* it is let through, and told to the kernel's log */
} confine_answer_t;

/* As confine_calls, with another answer, and made to be asked thousands of times. clone3, sockets
   of MPTCP, and sending that connects, where they are not allowed, are told to be unknown to this
   kernel. Needs confine_privileges. */
int confine_filter(confine_call_t const *calls, size_t count, confine_answer_t answer);

/* True if this kernel and this machine can do that. */
bool confine_can_filter(void);

/* No new privileges by exec. 0, or -1 with errno. */
int confine_privileges(void);

/* Parses "read", "mmap(noexec)" or "0": confine(8), PROFILES. "clone" makes no namespaces, and
   "sendto" no connections. -1 with EINVAL: no such call, or no such condition of it. */
int confine_call_parse(confine_call_t *call, char const *s, size_t len);

/* Adds a call to a set without doubles: one that is allowed whatever its arguments are needs no
   condition besides. 0, or -1 with E2BIG beyond CONFINE_CALLS_MAX. */
typedef struct confine_calls {
  size_t count;
  confine_call_t all[CONFINE_CALLS_MAX];
} confine_calls_t;
int confine_calls_add(confine_calls_t *calls, confine_call_t const *call);

/* What may be done at a path, and below it. */
enum {
  CONFINE_READ = 1,    /* files and folders read */
  CONFINE_WRITE = 2,   /* files that are there written */
  CONFINE_MAKE = 4,    /* anything but devices made, renamed, linked, removed */
  CONFINE_EXECUTE = 8, /* files executed */
};

typedef struct confine_path {
  char const *path;
  unsigned int access;
} confine_path_t;

/* TCP ports; none of them, by default. */
typedef struct confine_ports {
  bool any;
  size_t count;
  uint16_t const *all;
} confine_ports_t;

typedef struct confine_bounds {
  size_t count;
  confine_path_t const *paths;
  confine_ports_t bind, connect;
  bool abstract; /* unix sockets of others that have no path stay in reach */
} confine_bounds_t;

/* What a kernel may be too old for. */
enum { CONFINE_NO_FILES = 1, CONFINE_NO_PORTS = 2, CONFINE_NO_SCOPE = 4 };

/* From now on nothing is done to files but at these paths, and to TCP ports but these; signals
   reach no process outside, and abstract unix sockets of others are out of reach, if not allowed
   (Landlock). Paths that are not there are passed over. Needs confine_privileges. *missing is what
   this kernel could not do of it. 0, or -1 with errno. */
int confine_within(confine_bounds_t const *bounds, unsigned int *missing);

/* ---- profiles -------------------------------------------------------------------------------- */

typedef enum confine_word {
  CONFINE_PROFILE_CALLS,
  CONFINE_PROFILE_READ,
  CONFINE_PROFILE_WRITE,
  CONFINE_PROFILE_MAKE,
  CONFINE_PROFILE_EXEC,
  CONFINE_PROFILE_BIND,
  CONFINE_PROFILE_CONNECT,
  CONFINE_PROFILE_LIMIT,
  CONFINE_PROFILE_INCLUDE,
  CONFINE_PROFILE_HOOKS,
  CONFINE_PROFILE_OUTSIDE,
  CONFINE_PROFILE_WORDS
} confine_word_t;

/* Reads the text of a profile and calls take for each word behind a keyword (once, with an empty
   one, for a keyword that has none). 0, or -1 with *line the number of the line that is wrong, and
   errno EINVAL (no such keyword, words missing or too many, a NUL), or take's own if that gave -1.
 */
int confine_profile_read(char const *s, size_t len,
                         int (*take)(void *data, confine_word_t keyword, char const *s, size_t len),
                         void *data, unsigned int *line);

/* The libc that an executable file was made for, by its first bytes. */
typedef enum confine_libc {
  CONFINE_LIBC_NONE, /* not an ELF file of this machine's kind */
  CONFINE_LIBC_MUSL, /* static, and not glibc's */
  CONFINE_LIBC_GLIBC,
  CONFINE_LIBC_DYNAMIC /* with shared libraries */
} confine_libc_t;

#define CONFINE_ELF_BYTES 4096 /* of a file, that are enough */

confine_libc_t confine_libc_of(char const *s, size_t len);

#endif
