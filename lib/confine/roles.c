/* What a program goes on with once it has started, by what it is for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "confine/confine.h"

#define LENGTH(table) (sizeof(table) / sizeof *(table))

/* ---- calls, besides confine_stream's --------------------------------------------------------- */

/* With others of fcntl and ioctl a descriptor's owner, who may be anybody of the same user, gets
   signals. */
static confine_call_t const looking[] = {
    CONFINE_ANY(newfstatat),
    CONFINE_ANY(fstat),
    CONFINE_ANY(statx),
    CONFINE_ANY(pread64),
    CONFINE_ANY(getdents64),
    CONFINE_ANY(lseek),
    CONFINE_ANY(recvmsg),
    CONFINE_ANY(sendmsg),
    CONFINE_WITH(fcntl, 1, F_GETFD),
    CONFINE_WITH(fcntl, 1, F_SETFD),
    CONFINE_WITH(fcntl, 1, F_DUPFD_CLOEXEC),
#ifdef SYS_open
    CONFINE_ANY(stat),
    CONFINE_ANY(lstat),
#endif
};

/* ioctl and the unix socket find an interface by its name; netlink tells our own networks. */
static confine_call_t const connecting[] = {
    CONFINE_READING(openat, 2),
#ifdef SYS_open
    CONFINE_READING(open, 1),
#endif
    CONFINE_WITH(socket, 0, AF_UNIX),
    CONFINE_WITH(socket, 0, AF_INET),
    CONFINE_WITH(socket, 0, AF_INET6),
    CONFINE_WITH(socket, 0, AF_NETLINK),
    CONFINE_ANY(bind),
    CONFINE_ANY(connect),
    CONFINE_ANY(getsockname),
    CONFINE_ANY(getsockopt),
    CONFINE_ANY(setsockopt),
    CONFINE_WITH(ioctl, 1, SIOCGIFINDEX),
};

static confine_call_t const making[] = {
    CONFINE_ANY(openat),
    CONFINE_ANY(mkdirat),
    CONFINE_ANY(renameat2),
    CONFINE_ANY(unlinkat),
    CONFINE_ANY(dup),
    CONFINE_ANY(fsync),
    CONFINE_ANY(sync_file_range),
    CONFINE_ANY(faccessat),
    CONFINE_ANY(faccessat2),
    CONFINE_ANY(geteuid),
#ifdef SYS_renameat
    CONFINE_ANY(renameat),
#endif
#ifdef SYS_open
    CONFINE_ANY(open),
    CONFINE_ANY(mkdir),
    CONFINE_ANY(rename),
    CONFINE_ANY(unlink),
#endif
    /* threads, as the libcs start and end them */
    {.number = SYS_clone, .tests[0] = {0, CLONE_THREAD, CLONE_THREAD}},
    CONFINE_ANY(set_robust_list),
    CONFINE_ANY(rt_sigaction),
#ifdef SYS_rseq
    CONFINE_ANY(rseq),
#endif
};

/* ---- a set of them --------------------------------------------------------------------------- */

typedef struct part {
  confine_call_t const *calls;
  size_t count;
} part_t;

/* The sanitizers' run time has calls of its own. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

/* Only confine_stream's and those of both parts. A machine without filters does without. */
static int allow_calls(part_t first, part_t second) {
  static confine_calls_t all;
  part_t const parts[] = {{confine_stream, confine_stream_count}, first, second};
  if (IS_SANITIZED) return 0;
  all.count = 0;
  for (size_t i = 0; i < LENGTH(parts); i++)
    for (size_t j = 0; j < parts[i].count; j++)
      if (confine_calls_add(&all, &parts[i].calls[j]) < 0) return -1;
  if (confine_filter(all.all, all.count, CONFINE_ERRNO) == 0) return 0;
  return errno == ENOSYS ? 0 : -1;
}

/* ---- roles ----------------------------------------------------------------------------------- */

int confine_reader(void) {
  confine_path_t const everywhere = {"/", CONFINE_READ};
  confine_bounds_t const bounds = {
      .count = 1, .paths = &everywhere, .bind = {.any = true}, .connect = {.any = true}};
  unsigned int missing;
  if (confine_process() < 0 || confine_within(&bounds, &missing) < 0) return -1;
  return allow_calls((part_t){looking, LENGTH(looking)}, (part_t){connecting, LENGTH(connecting)});
}

int confine_writer(void) {
  if (confine_privileges() < 0 || confine_memory() < 0) return -1;
  return allow_calls((part_t){looking, LENGTH(looking)}, (part_t){making, LENGTH(making)});
}

/* Of a program that an update replaces, the folder stays; of one that is a link, that is another's.
 */
static void cut_last(char *folder, size_t size, char const *path) {
  char const *const slash = strrchr(path, '/');
  size_t const len = slash ? (size_t)(slash - path) : 0;
  *folder = 0;
  if (!len || len >= size) return;
  memcpy(folder, path, len);
  folder[len] = 0;
}

/* A program with shared libraries needs what loads them. */
int confine_keeper(char const *folder, char const *program) {
  char beside[PATH_MAX];
  cut_last(beside, sizeof beside, program ? program : "");
  confine_path_t const paths[] = {{"/", CONFINE_READ},
                                  {"/dev/null", CONFINE_READ | CONFINE_WRITE},
                                  {folder, CONFINE_WRITE | CONFINE_MAKE},
                                  {program, CONFINE_EXECUTE},
                                  {beside, CONFINE_EXECUTE},
                                  {"/lib", CONFINE_EXECUTE},
                                  {"/lib64", CONFINE_EXECUTE}};
  confine_bounds_t const bounds = {
      .count = program ? LENGTH(paths) : 3, .paths = paths, .abstract = true};
  unsigned int missing;
  if (confine_privileges() < 0 || confine_memory() < 0) return -1;
  return confine_within(&bounds, &missing);
}
