/* Each case in a process of its own: what was given up is not to be had again. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "confine/confine.h"

/* ---- what is tried: 0, or errno -------------------------------------------------------------- */

static int result(long r) {
  return r < 0 ? errno : 0;
}

static int try_open(void) {
  return result(open("/dev/null", O_RDONLY));
}
static int try_exec(void) {
  return result(execl("/bin/true", "true", (char *)0));
}
static int try_fork(void) {
  return result(syscall(SYS_clone, 0, 0, 0, 0, 0));
}
static int try_kill(void) {
  return result(syscall(SYS_kill, getpid(), 0));
}
static int try_unix(void) {
  return result(socket(AF_UNIX, SOCK_SEQPACKET, 0));
}
static int try_inet(void) {
  return result(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_write(void) {
  return result(write(2, "", 0));
}
static int try_pid(void) {
  return result(getpid());
}

/* Not by mmap: musl's makes another error of it. */
static int try_map(int protection) {
  return result(syscall(SYS_mmap, NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
static int try_memory(void) {
  return try_map(PROT_READ | PROT_WRITE);
}
static int try_code(void) {
  return try_map(PROT_READ | PROT_EXEC);
}

/* ---- the child ------------------------------------------------------------------------------- */

enum { NOT_CONFINED = 255 };

static int confined(int (*attempt)(void), size_t count) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) {
    if (confine_process() < 0 || confine_calls(confine_stream, count) < 0) _exit(NOT_CONFINED);
    _exit(attempt());
  }
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

typedef struct attempt {
  char const *name;
  int (*try)(void);
  int wanted;
} attempt_t;

static attempt_t const attempts[] = {
    {"a file cannot be opened", try_open, EPERM},
    {"nothing can be executed", try_exec, EPERM},
    {"no process can be started", try_fork, EPERM},
    {"no signal can be sent", try_kill, EPERM},
    {"no connection can be made to another machine", try_inet, EPERM},
    {"no memory can be made executable", try_code, EPERM},
    {"a service behind a unix socket can be asked", try_unix, 0},
    {"memory can be had", try_memory, 0},
    {"bytes can be written", try_write, 0},
    {"it can ask who it is", try_pid, 0},
};

static int try_flags(void) {
  int const privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), dump = prctl(PR_GET_DUMPABLE);
  return !(privileges == 1 && dump == 0);
}

static void test_process(void) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) _exit(confine_process() < 0 ? NOT_CONFINED : try_flags());
  waitpid(pid, &status, 0);
  CHECK_INT("no new privileges, and not dumpable", status, 0);
}

/* Only the last two need Landlock. */
static int try_reader(void) {
  if (confine_reader() < 0) return NOT_CONFINED;
  int const file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  int const network = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file < 0 || network < 0 || try_flags()) return 1;
  if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 0) return 0;
  if (open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0 || errno != EACCES) return 2;
  return execl("/bin/true", "true", (char *)0) < 0 && errno == EACCES ? 0 : 3;
}

static void test_reader(void) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) _exit(try_reader());
  waitpid(pid, &status, 0);
  CHECK_INT("a reader reads and connects, and writes and executes nothing", status, 0);
}

int main(void) {
  static confine_call_t const many[CONFINE_CALLS_MAX + 1];
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
    CHECK_INT(attempts[i].name, confined(attempts[i].try, confine_asking_count),
              attempts[i].wanted);
  CHECK_INT("who asks nobody has no service either", confined(try_unix, confine_stream_count),
            EPERM);
  CHECK_INT("but can write", confined(try_write, confine_stream_count), 0);
  test_process();
  test_reader();
  CHECK("too many calls are refused", confine_calls(many, CONFINE_CALLS_MAX + 1) < 0);
  CHECK_INT("as that", errno, EINVAL);
  return unit_done();
}
