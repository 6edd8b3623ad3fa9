#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "clock/clock.h"
#include "pipe.h"
#include "route/route.h"

#define SHELL     "/bin/sh"
#define READ_SIZE 4096
#define READS_MAX 256 /* that empty the largest pipe */

/* ---- starting ---- */

static void set_failure(chain_verdict_t *verdict, char const *step) {
  char text[CHAIN_TEXT_MAX];
  int len = snprintf(text, sizeof text, "4.3.0 unable to %s: %s", step, strerror(errno));
  chain_verdict_parse(verdict, CHAIN_DEFER, text, (size_t)len);
}

static route_table_t routes;

/* Those that were read before stay in force. False with errno: there are none, and who may run the
   command is not known. */
static bool read_routes(void) {
  if (route_refresh(&routes, settings.routes) >= 0) return true;
  int const error = errno;
  strerr_warnwu1sys("read the routes");
  return errno = error, routes.open;
}

static pid_t spawn(worker_job_t const *job, int message, int output) {
  static delivery_environment_t environment;
  delivery_facts_t facts = {.sender = job->sender,
                            .recipient = job->recipient,
                            .user_len =
                                route_user_len(&routes, job->recipient, strlen(job->recipient)),
                            .home = settings.home,
                            .path = settings.path,
                            .time = time(NULL)};
  if (delivery_environment_make(&environment, &facts) < 0) return -1;
  char const *words[] = {SHELL, "-c", job->argument, NULL};
  chain_fd_t const fds[] = {{0, message}, {1, output}, {2, output}};
  chain_spawn_t const child = {.path = SHELL,
                               .argv = words,
                               .envp = environment.variables,
                               .fds = fds,
                               .nfds = sizeof fds / sizeof *fds,
                               .own_group = true};
  return chain_spawn(&child);
}

static bool start_reading(run_t *run, worker_job_t const *job, int message) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return false;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  run->pid = spawn(job, message, ends[1]);
  int error = errno;
  close(ends[1]);
  run->output = ends[0];
  if (run->pid > 0) return true;
  run->pid = 0;
  close(ends[0]);
  errno = error;
  return false;
}

static bool start_with(run_t *run, worker_job_t const *job, queue_entry_t const *entry,
                       chain_verdict_t *verdict) {
  int loop = delivery_is_loop(entry, job->recipient);
  if (loop > 0) {
    chain_verdict_parse(verdict, CHAIN_REJECT, DELIVERY_LOOP_TEXT, sizeof DELIVERY_LOOP_TEXT - 1);
    return false;
  }
  int message = loop < 0 ? -1 : message_make(job, entry);
  if (message < 0) {
    set_failure(verdict, "copy the message");
    return false;
  }
  *run = (run_t){.number = job->number,
                 .deadline = clock_milliseconds() + settings.seconds * INT64_C(1000)};
  bool started = start_reading(run, job, message);
  if (!started) set_failure(verdict, "start the command");
  close(message);
  return started;
}

/* What a rule means for one user is not done as another. */
static bool is_ours(worker_job_t const *job, chain_verdict_t *verdict) {
  char problem[DELIVERY_PROBLEM_SIZE];
  route_terms_t terms;
  if (delivery_terms(&terms, &routes, ROUTE_PIPE, job, problem) == 0) return true;
  chain_verdict_parse(verdict, CHAIN_DEFER, problem, strlen(problem));
  return false;
}

/* False: the job's descriptor is still there. */
static bool open_entry(queue_entry_t *entry, worker_job_t const *job, chain_verdict_t *verdict) {
  char const *step = read_routes() ? NULL : "read the routes";
  if (!step && !is_ours(job, verdict)) return false;
  if (!step && queue_entry_from_fd(entry, job->fd) < 0) step = "read the queue entry";
  if (step) set_failure(verdict, step);
  return !step;
}

bool run_start(run_t *run, worker_job_t const *job, chain_verdict_t *verdict) {
  queue_entry_t entry;
  if (!open_entry(&entry, job, verdict)) return close(job->fd), false;
  bool started = start_with(run, job, &entry, verdict);
  queue_entry_close(&entry);
  return started;
}

/* ---- reading ---- */

/* True if there may be more. */
static bool read_some(run_t *run) {
  char bytes[READ_SIZE];
  if (run->output < 0) return false;
  ssize_t n = read(run->output, bytes, sizeof bytes);
  if (n > 0) delivery_output_feed(&run->said, bytes, (size_t)n);
  if (n == 0) {
    close(run->output);
    run->output = -1;
  }
  return n == sizeof bytes;
}

void run_read(run_t *run) {
  read_some(run);
}

/* ---- ending ---- */

/* Its last words; what it left in the background may go on talking. */
static void finish(run_t *run) {
  for (int reads = 0; reads < READS_MAX && read_some(run); reads++) continue;
  if (run->output >= 0) close(run->output);
  run->pid = 0;
}

static void check_time(run_t *run) {
  if (run->late || clock_milliseconds() < run->deadline) return;
  run->late = true;
  kill(-run->pid, SIGKILL);
}

bool run_check(run_t *run, chain_verdict_t *verdict) {
  static char const late[] = "4.3.0 the command took too long";
  int status;
  if (waitpid(run->pid, &status, WNOHANG) != run->pid) {
    check_time(run);
    return false;
  }
  finish(run);
  if (run->late)
    chain_verdict_parse(verdict, CHAIN_DEFER, late, sizeof late - 1);
  else
    delivery_command_verdict(verdict, &run->said, status);
  return true;
}
