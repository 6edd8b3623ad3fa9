#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "log/log.h"
#include "relay/relay.h"
#include "spawn.h"

#define VARIABLES_MAX 8
#define PATIENCE      5000 /* milliseconds that others wait for one who does nothing */
#define SEND_AGAIN    50   /* milliseconds, where the socket cannot say when it can */

typedef struct child {
  pid_t pid;     /* 0: none, or it is dead; the child is gone when its socket is closed, too */
  int socket;    /* -1: none */
  bool retiring; /* is given no more jobs, and ends when it has done those that it has */
  bool shut;     /* and has been told */
  size_t jobs;
  int64_t spoke; /* when it answered, or began to have something to do, or nothing */
  int64_t later; /* nothing is sent to it before; 0: now */
  char name[ROUTE_NAME_SIZE];
  worker_output_t output;
  worker_input_t input;
} child_t;

/* A job that is at a deliverer, which knows it by its place here. */
typedef struct given {
  child_t *child; /* NULL: none */
  uint64_t number;
} given_t;

static child_t children[CHILDREN_MAX];
static given_t given[JOBS_MAX];

void children_init(void) {
  for (child_t *child = children; child < children + CHILDREN_MAX; child++) child->socket = -1;
}

static bool is_there(child_t const *child) {
  return child->pid || child->socket >= 0;
}

/* ---- starting ---- */

static void log_trouble(char const *event, char const *name, char const *step, int error) {
  log_line_t line;
  log_start(&line, "worker-spawn", event);
  log_str(&line, "user", name);
  log_str(&line, "step", step);
  if (error) log_errno(&line, error);
  log_send(&line);
}

static void log_start_of(route_account_t const *account, pid_t pid) {
  log_line_t line;
  log_start(&line, "worker-spawn", "start");
  log_str(&line, "user", account->name);
  log_uint(&line, "uid", *account->name ? account->uid : settings.preset.uid);
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
  if (net_become(*account->name ? &named : &settings.preset, &step) < 0) die_before(account, step);
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

static int start(child_t *child, route_account_t const *account) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  pid_t pid = spawn(account, ends[1]);
  int error = errno;
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return errno = error, -1;
  }
  log_start_of(account, pid);
  child->pid = pid;
  child->socket = ends[0];
  child->retiring = child->shut = false;
  child->jobs = 0;
  child->later = 0;
  child->spoke = clock_now();
  stpcpy(child->name, account->name);
  worker_input_init(&child->input);
  worker_output_init(&child->output);
  return 0;
}

/* ---- ending ---- */

static void retire(child_t *child) {
  child->retiring = true;
  if (child->shut || child->socket < 0 || worker_output_pending(&child->output)) return;
  shutdown(child->socket, SHUT_WR);
  child->shut = true;
  if (!child->jobs) child->spoke = clock_now();
}

static void defer(given_t *job, char const *text) {
  report(job->number, CHAIN_DEFER, text);
  job->child->jobs--;
  job->child = 0;
}

/* Whether its jobs were done is not known: queue-send tries them again. */
static void lose(child_t *child, char const *text) {
  if (child->jobs) log_trouble("child-lost", child->name, text, 0);
  for (size_t i = 0; child->jobs && i < JOBS_MAX; i++)
    if (given[i].child == child) defer(&given[i], text);
  for (size_t i = 0; i < child->output.nfds; i++) close(child->output.fds[i]);
  if (child->pid) kill(child->pid, SIGKILL);
  worker_input_free(&child->input);
  close(child->socket);
  child->socket = -1;
}

/* ---- giving ---- */

static child_t *find_child(char const *name) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (is_there(child) && child->socket >= 0 && !child->retiring && !strcmp(child->name, name))
      return child;
  return 0;
}

static child_t *free_child(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (!is_there(child)) return child;
  return 0;
}

/* Where all places are taken, whoever has been idle for longest gives up its own. */
static void make_room(void) {
  child_t *oldest = 0;
  for (child_t *child = children; child < children + settings.children; child++) {
    if (child->jobs) continue;
    if (child->retiring) return; /* its place will be free in a moment */
    if (!oldest || child->spoke < oldest->spoke) oldest = child;
  }
  if (oldest) retire(oldest);
}

static given_t *free_place(void) {
  static size_t next;
  for (size_t i = 0; i < JOBS_MAX; i++, next = (next + 1) % JOBS_MAX)
    if (!given[next].child) return &given[next];
  return 0;
}

/* Descriptors travel with the first bytes; those that went are closed. */
static void send_output(child_t *child) {
  worker_output_t *output = &child->output;
  size_t nfds = output->nfds;
  if (!worker_output_pending(output) || clock_now() < child->later) return;
  int result = worker_output_send(output, child->socket);
  if (result < 0) return lose(child, "4.3.0 the deliverer went away");
  child->later = result ? clock_now() + SEND_AGAIN : 0;
  if (!output->nfds)
    for (size_t i = 0; i < nfds; i++) close(output->fds[i]);
  if (child->retiring) retire(child);
}

static bool refuse(worker_job_t const *job, char const *text) {
  report(job->number, CHAIN_DEFER, text);
  close(job->fd);
  return true;
}

/* One who has much to do has others wait a little, but not for one who does nothing. */
static bool wait_or_refuse(child_t const *child, worker_job_t const *job) {
  if (clock_now() - child->spoke < PATIENCE) return false;
  return refuse(job, "4.3.2 the user's other deliveries take their time");
}

/* Puts a job into a place. False: not now. */
static bool put(child_t *child, given_t *place, worker_job_t const *job) {
  worker_job_t ours = *job;
  ours.number = (uint64_t)(place - given);
  if (child->jobs >= SHARE_MAX) return wait_or_refuse(child, job);
  if (worker_job_put(&child->output, &ours) < 0)
    return errno == EAGAIN ? wait_or_refuse(child, job)
                           : refuse(job, "4.3.0 the job is too long for the deliverer");
  *place = (given_t){child, job->number};
  if (!child->jobs++) child->spoke = clock_now();
  return true;
}

static bool start_and_put(route_account_t const *account, given_t *place, worker_job_t const *job) {
  char text[PROBLEM_SIZE];
  child_t *child = free_child();
  if (!child) return make_room(), false;
  if (start(child, account) == 0) return put(child, place, job);
  snprintf(text, sizeof text, "4.3.0 unable to start %s: %s", *settings.argv, strerror(errno));
  return refuse(job, text);
}

bool children_give(route_account_t const *account, worker_job_t const *job) {
  given_t *place = free_place();
  child_t *child = find_child(account->name);
  if (!place) return false;
  return child ? put(child, place, job) : start_and_put(account, place, job);
}

/* ---- hearing ---- */

/* Deliverers are users': they answer for jobs of their own, once. 1, 0 none, -1. */
static int take_result(child_t *child) {
  worker_result_t result;
  char text[RELAY_VERDICT_MAX];
  int taken = worker_result_next(&child->input, &result);
  if (taken <= 0) return taken;
  if (result.number >= JOBS_MAX || given[result.number].child != child) return -1;
  given_t *job = &given[result.number];
  relay_verdict_format(text, &result.verdict);
  report(job->number, result.verdict.kind, text);
  job->child = 0;
  child->jobs--;
  child->spoke = clock_now();
  return 1;
}

static int lose_liar(child_t *child) {
  lose(child, "4.3.0 the deliverer does not speak the protocol");
  return -1;
}

/* 1 there may be more, 0 not now, -1 it is lost. Whoever sends descriptors would use up ours. */
static int read_once(child_t *child) {
  int result = worker_input_read(&child->input, child->socket, false), taken = 1;
  if (result < 0 && errno == EAGAIN) return 0;
  if (child->input.nfds || (result < 0 && errno == EPROTO)) return lose_liar(child);
  if (result <= 0) return lose(child, "4.3.0 the deliverer went away"), -1;
  while (taken > 0) taken = take_result(child);
  return taken < 0 ? lose_liar(child) : 1;
}

/* ---- all of them ---- */

void children_retire(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (is_there(child)) retire(child);
}

bool children_remain(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (is_there(child)) return true;
  return false;
}

size_t children_polls(struct pollfd *polls) {
  size_t count = 0;
  for (child_t *child = children; child < children + settings.children; child++) {
    if (!is_there(child) || child->socket < 0) continue;
    send_output(child);
    if (child->socket < 0) continue;
    short output = worker_output_pending(&child->output) && !child->later ? POLLOUT : 0;
    polls[count++] = (struct pollfd){child->socket, (short)(POLLIN | output), 0};
  }
  return count;
}

void children_handle(struct pollfd const *polls) {
  for (child_t *child = children; child < children + settings.children; child++) {
    if (!is_there(child) || child->socket < 0) continue;
    if ((polls++)->revents & ~POLLOUT) read_once(child);
  }
}

/* What it said before it died counts. */
static void bury(child_t *child) {
  int status;
  if (!child->pid || waitpid(child->pid, &status, WNOHANG) != child->pid) return;
  child->pid = 0;
  while (child->socket >= 0 && read_once(child) > 0) continue;
  if (child->socket >= 0) lose(child, "4.3.0 the deliverer went away");
}

/* One that was told to end, and has nothing to do, needs no time for it. */
static int64_t deadline_of(child_t const *child) {
  if (child->jobs) return child->spoke + settings.seconds * INT64_C(1000);
  return child->spoke + (child->shut ? PATIENCE : settings.idle * INT64_C(1000));
}

static void check(child_t *child) {
  bury(child);
  if (child->socket < 0 || clock_now() < deadline_of(child)) return;
  if (child->jobs || child->shut)
    lose(child, "4.3.0 the deliverer took too long");
  else
    retire(child);
}

void children_check(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (is_there(child)) check(child);
}

int64_t children_deadline(void) {
  int64_t first = -1;
  for (child_t *child = children; child < children + settings.children; child++) {
    if (!is_there(child) || child->socket < 0) continue;
    int64_t deadline = deadline_of(child);
    if (child->later && child->later < deadline) deadline = child->later;
    if (first < 0 || deadline < first) first = deadline;
  }
  return first;
}
