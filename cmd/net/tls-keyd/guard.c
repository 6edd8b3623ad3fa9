/* What a process that has keys does without. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "confine/confine.h"
#include "log/log.h"
#include "tls-keyd.h"

void guard_supervisor(void) {
  if (confine_privileges() < 0 || confine_memory() < 0) strerr_diefu1sys(111, "give up privileges");
}

/* ---- before keys are read -------------------------------------------------------------------- */

#define OTHER_DESCRIPTORS 32 /* besides connections */

static void raise_descriptors(settings_t const *settings) {
  struct rlimit limit;
  rlim_t const needed = OTHER_DESCRIPTORS + settings->peers * settings->connections;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) strerr_diefu1sys(111, "ask for RLIMIT_NOFILE");
  if (limit.rlim_cur >= needed) return;
  limit.rlim_cur = needed;
  if (limit.rlim_max < needed || setrlimit(RLIMIT_NOFILE, &limit) < 0)
    strerr_dief1x(111, "RLIMIT_NOFILE is too low for so many connections");
}

/* With a limit that stands, the lock could fail at any later page: then keys alone are locked, as
   they are read. */
static bool lock_memory(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY &&
         mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

void guard_process(settings_t const *settings) {
  raise_descriptors(settings);
  if (confine_process() < 0) strerr_diefu1sys(111, "give up privileges");
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* The sanitizers' run time has calls of its own. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

static confine_call_t const calls[] = {
    /* peers */
    CONFINE_ANY(epoll_ctl),
    CONFINE_ANY(epoll_pwait),
    CONFINE_ANY(accept4),
    CONFINE_ANY(getsockopt),
    CONFINE_ANY(recvfrom),
    CONFINE_ANY(sendto),
    CONFINE_ANY(ppoll),
    /* files */
    CONFINE_READING(openat, 2),
    CONFINE_ANY(newfstatat),
    CONFINE_ANY(fstat),
    CONFINE_ANY(statx),
    CONFINE_ANY(getdents64),
    CONFINE_ANY(read),
    CONFINE_ANY(write),
    CONFINE_ANY(writev),
    CONFINE_ANY(lseek),
    CONFINE_ANY(fcntl),
    CONFINE_ANY(close),
    /* memory */
    CONFINE_NOEXEC(mmap),
    CONFINE_NOEXEC(mprotect),
    CONFINE_ANY(mremap),
    CONFINE_ANY(munmap),
    CONFINE_ANY(madvise),
    CONFINE_ANY(mlock),
    CONFINE_ANY(brk),
    /* time and chance */
    CONFINE_ANY(clock_gettime),
    CONFINE_ANY(gettimeofday),
    CONFINE_ANY(getrandom),
    /* oneself */
    CONFINE_ANY(getpid),
    CONFINE_ANY(gettid),
    CONFINE_ANY(futex),
    CONFINE_ANY(set_robust_list),
    CONFINE_ANY(rt_sigprocmask),
    CONFINE_ANY(rt_sigreturn),
    CONFINE_ANY(restart_syscall),
    CONFINE_ANY(exit),
    CONFINE_ANY(exit_group),
/* those that newer architectures have left out */
#ifdef SYS_open
    CONFINE_READING(open, 1),
    CONFINE_ANY(stat),
    CONFINE_ANY(lstat),
    CONFINE_ANY(epoll_wait),
    CONFINE_ANY(poll),
    CONFINE_ANY(time),
#endif
};

/* The folders that files of ours are in, links followed. */
typedef struct folders {
  size_t count;
  char *paths[64];
} folders_t;

static bool is_below(char const *path, char const *folder) {
  size_t const len = strlen(folder);
  return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

/* Takes path over. Beyond so many folders, links that lead elsewhere cannot be followed. */
static void add(folders_t *folders, char *path) {
  for (size_t i = 0; path && i < folders->count; i++)
    if (is_below(path, folders->paths[i])) return free(path);
  if (path && folders->count < sizeof folders->paths / sizeof *folders->paths)
    folders->paths[folders->count++] = path;
}

static void cut_last(char *path) {
  char *const slash = path ? strrchr(path, '/') : NULL;
  if (slash && slash != path) *slash = 0;
}

static int add_files(void *data, cert_files_t const *files) {
  char *const chain = realpath(files->chain, NULL);
  char *const key = files->key ? realpath(files->key, NULL) : NULL;
  cut_last(chain);
  cut_last(key);
  add(data, chain);
  add(data, key);
  return 0;
}

static bool is_folder(char const *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* certbot's live/ has links into archive/ beside it, where the next generation will be too. */
static bool has_sisters(char const *folder) {
  char const *const slash = strrchr(folder, '/');
  return slash && !strcmp(slash, "/live");
}

static void find_folders(folders_t *folders, char const *path) {
  char *const root = realpath(path, NULL);
  if (root && (!is_folder(root) || has_sisters(root))) cut_last(root);
  add(folders, root);
  cert_folder_each(path, add_files, folders);
}

static void say(char const *event, char const *reason) {
  log_line_t line;
  log_start(&line, PROG, event);
  log_str(&line, "reason", reason);
  log_send(&line);
}

void guard_files(settings_t const *settings, bool speaks) {
  folders_t folders = {0};
  find_folders(&folders, settings->folder);
  if (confine_files((char const *const *)folders.paths, folders.count) < 0 && speaks)
    say("unconfined", "files");
  if (!lock_memory() && speaks) say("unlocked", "RLIMIT_MEMLOCK");
  if (IS_SANITIZED) return;
  if (confine_calls(calls, sizeof calls / sizeof *calls) < 0 && speaks) say("unconfined", "calls");
}
