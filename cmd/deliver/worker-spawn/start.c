#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "clock/clock.h"
#include "log/log.h"
#include "spawn.h"

#define VARIABLES_MAX 8

void log_trouble(char const *event, char const *name, char const *step, int error) {
  log_line_t line;
  log_start(&line, PROG, event);
  log_str(&line, "user", name);
  log_str(&line, "step", step);
  if (error) log_errno(&line, error);
  log_send(&line);
}

static void log_start_of(route_account_t const *account, job_t const *job, pid_t pid) {
  log_line_t line;
  log_start(&line, PROG, "start");
  log_str(&line, "user", job->name);
  if (suspect_has_name(job->name)) log_str(&line, "to", job->asked.argument);
  log_uint(&line, "uid", *account->name ? account->uid : settings.preset->uid);
  log_uint(&line, "pid", (uint64_t)pid);
  log_send(&line);
}

/* No more of ours than a deliverer needs. */
static char const *const *environment(void) {
  static char const *const names[] = {"PATH", "CHAINMAIL_CONF", "TMPDIR", "TZ", "LANG"};
  static char const *variables[VARIABLES_MAX];
  size_t count = 0;
  for (char **variable = environ; *variable; variable++)
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      size_t len = strlen(names[i]);
      if (!strncmp(*variable, names[i], len) && (*variable)[len] == '=' &&
          count < VARIABLES_MAX - 1)
        variables[count++] = *variable;
    }
  return variables;
}

static void default_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, 0);
}

/* Descriptor 1 is queue-send's connection until then. */
static bool set_descriptors(int socket) {
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return null >= 0 && dup2(null, 1) == 1 && dup2(socket, 0) == 0;
}

/* A home may be missing, or not be there yet. That is for the user's own rights to find out. */
static bool go_home(char const *home) {
  return !*home || chdir(home) == 0 || chdir("/") == 0;
}

static _Noreturn void die_before(route_account_t const *account, char const *step) {
  log_trouble("child-failed", account->name, step, errno);
  _exit(111);
}

/* Nothing of the user's is looked at before this is the user. */
static _Noreturn void become(route_account_t const *account, char const *path, int socket) {
  net_identity_t const named = {account->uid, account->gid, account->group_count, account->groups};
  char const *step = 0;
  if (!set_descriptors(socket)) die_before(account, "set its descriptors");
  if (net_become(*account->name ? &named : settings.preset, &step) < 0) die_before(account, step);
  if (!go_home(account->home)) die_before(account, "change to its home");
  default_signals();
  execve(path, (char *const *)settings.argv, (char *const *)environment());
  die_before(account, "execute the deliverer");
}

static pid_t spawn(route_account_t const *account, int socket) {
  char path[PATH_MAX];
  if (chain_find(*settings.argv, path, sizeof path) < 0) return -1;
  pid_t pid = fork();
  if (!pid) become(account, path, socket);
  return pid;
}

static void begin(child_t *child, job_t const *job, pid_t pid, int socket) {
  int64_t const now = clock_milliseconds();
  child->pid = pid;
  child->socket = socket;
  child->phase = CHILD_SERVING;
  child->jobs = (job_list_t){.count = 0};
  child->bytes = 0;
  child->share = SHARE_FIRST;
  child->later = 0;
  child->started = child->spoke = now;
  child->has_owner = job->has_owner;
  stpcpy(child->name, job->name);
  worker_input_init(&child->input);
  worker_output_init(&child->output);
}

int child_start(child_t *child, route_account_t const *account, job_t const *job) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  pid_t pid = spawn(account, ends[1]);
  int error = errno;
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return errno = error, -1;
  }
  log_start_of(account, job, pid);
  begin(child, job, pid, ends[0]);
  return 0;
}
