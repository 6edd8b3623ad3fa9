/* The first process: it starts those that serve, and others for those that die. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "../shared/service.h"
#include "clock/clock.h"
#include "log/log.h"
#include "tls-keyd.h"

#define PROCESSES_MAX 64
#define BREATH        1000 /* milliseconds from a process's start to that of its successor */
#define GRACE         5000 /* from TERM to KILL */

typedef struct child {
  pid_t pid; /* 0: none */
  int64_t started;
} child_t;

typedef struct supervisor {
  service_t const *service;
  int signals;
  int ready[2]; /* a pipe: a byte for each process that serves */
  unsigned int count, ready_count;
  bool is_ready, is_failed;
  int64_t end; /* 0: not yet; then when those that are left are killed, or once more */
  child_t children[PROCESSES_MAX];
} supervisor_t;

/* ---- children -------------------------------------------------------------------------------- */

_Noreturn static void become_child(supervisor_t *supervisor, unsigned int number, pid_t parent) {
  int const ready_fd = supervisor->service->settings->ready_fd;
  close(supervisor->signals);
  close(supervisor->ready[0]);
  if (ready_fd >= 0 && !supervisor->is_ready) close(ready_fd);
  /* Nobody else would end it. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) _exit(111);
  _exit(serve(supervisor->service, number == 0, supervisor->ready[1]));
}

static void start(supervisor_t *supervisor, unsigned int number) {
  child_t *const child = &supervisor->children[number];
  pid_t const parent = getpid();
  child->started = clock_milliseconds();
  child->pid = fork();
  if (child->pid < 0) {
    child->pid = 0;
    strerr_warnwu1sys("start a process");
  } else if (!child->pid)
    become_child(supervisor, number, parent);
}

/* Those that are not there, and were not started just now. */
static void start_missing(supervisor_t *supervisor) {
  for (unsigned int i = 0; i < supervisor->count; i++) {
    child_t const *const child = &supervisor->children[i];
    if (!child->pid && (!child->started || clock_milliseconds() - child->started >= BREATH))
      start(supervisor, i);
  }
}

static void signal_all(supervisor_t const *supervisor, int signal) {
  for (unsigned int i = 0; i < supervisor->count; i++)
    if (supervisor->children[i].pid) kill(supervisor->children[i].pid, signal);
}

static bool any_left(supervisor_t const *supervisor) {
  for (unsigned int i = 0; i < supervisor->count; i++)
    if (supervisor->children[i].pid) return true;
  return false;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void begin_end(supervisor_t *supervisor) {
  if (!supervisor->end) net_notify("STOPPING=1");
  supervisor->end = clock_milliseconds() + GRACE;
  signal_all(supervisor, SIGTERM);
}

/* The kernel may need a while for one that is killed, too. */
static void kill_all(supervisor_t *supervisor) {
  signal_all(supervisor, SIGKILL);
  supervisor->end = clock_milliseconds() + GRACE;
}

static void log_died(pid_t pid, int status) {
  log_line_t line;
  log_start(&line, PROG, "died");
  log_uint(&line, "pid", (uint64_t)pid);
  if (WIFSIGNALED(status)) log_uint(&line, "signal", (uint64_t)WTERMSIG(status));
  if (WIFEXITED(status)) log_uint(&line, "exit", (uint64_t)WEXITSTATUS(status));
  log_send(&line);
}

/* One that cannot start at all, at the first time, is for the administrator to see at once. */
static void child_died(supervisor_t *supervisor, pid_t pid, int status) {
  for (unsigned int i = 0; i < supervisor->count; i++)
    if (supervisor->children[i].pid == pid) supervisor->children[i].pid = 0;
  if (supervisor->end) return;
  log_died(pid, status);
  if (supervisor->is_ready) return;
  supervisor->is_failed = true;
  begin_end(supervisor);
}

static void reap(supervisor_t *supervisor) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) child_died(supervisor, pid, status);
}

static void take_signals(supervisor_t *supervisor) {
  for (int signal; (signal = signals_take(supervisor->signals));) switch (signal) {
    case SIGCHLD: reap(supervisor); break;
    case SIGHUP: signal_all(supervisor, SIGHUP); break;
    default: begin_end(supervisor);
    }
}

static void log_listen(service_t const *service) {
  log_line_t line;
  log_start(&line, PROG, "listen");
  log_str(&line, "path", service->listener.local.local_path);
  log_uint(&line, "processes", service->settings->processes);
  log_send(&line);
}

static void tell_ready(supervisor_t *supervisor) {
  supervisor->is_ready = true;
  log_listen(supervisor->service);
  service_ready(supervisor->service->settings->ready_fd);
}

static void take_ready(supervisor_t *supervisor) {
  char bytes[PROCESSES_MAX];
  ssize_t const n = read(supervisor->ready[0], bytes, sizeof bytes);
  if (n > 0) supervisor->ready_count += (unsigned int)n;
  if (!supervisor->is_ready && supervisor->ready_count >= supervisor->count) tell_ready(supervisor);
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Milliseconds until the next thing that must happen by itself; -1: nothing. */
static int wait_time(supervisor_t const *supervisor) {
  int64_t const left = supervisor->end - clock_milliseconds();
  if (supervisor->end) return left > 0 ? (int)left : 0;
  for (unsigned int i = 0; i < supervisor->count; i++)
    if (!supervisor->children[i].pid) return BREATH;
  return -1;
}

static void turn(supervisor_t *supervisor) {
  struct pollfd polled[] = {{.fd = supervisor->signals, .events = POLLIN},
                            {.fd = supervisor->ready[0], .events = POLLIN}};
  if (poll(polled, 2, wait_time(supervisor)) < 0 && errno != EINTR) strerr_diefu1sys(111, "poll");
  if (polled[1].revents) take_ready(supervisor);
  if (polled[0].revents) take_signals(supervisor);
  if (supervisor->end && clock_milliseconds() >= supervisor->end) kill_all(supervisor);
  if (!supervisor->end) start_missing(supervisor);
}

int supervise(service_t *service) {
  static supervisor_t supervisor;
  supervisor = (supervisor_t){.service = service, .count = service->settings->processes};
  supervisor.signals = service_signals();
  if (pipe2(supervisor.ready, O_CLOEXEC | O_NONBLOCK) < 0) strerr_diefu1sys(111, "make a pipe");
  guard_supervisor();
  start_missing(&supervisor);
  while (!supervisor.end || any_left(&supervisor)) turn(&supervisor);
  net_listener_close(&service->listener);
  return supervisor.is_failed ? 111 : 0;
}
