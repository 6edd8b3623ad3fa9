/* deliver-pipe: see deliver-pipe(8). */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "../shared/event.h"
#include "clock/clock.h"
#include "pipe.h"

char const *PROG = "deliver-pipe";

#define USAGE "deliver-pipe [-c commands] [-t seconds] [-d root] [-u umask] [-R routes.cdb] [-qr]"

#define COMMANDS_MAX 100
#define SECONDS_MAX  3500 /* queue-send ends a deliverer that says nothing for an hour */

settings_t settings = {.seconds = 300};

static unsigned commands = 10; /* at one time */
static bool as_root;
static worker_input_t input;
static bool more = true; /* jobs may come */
static run_t runs[COMMANDS_MAX];
static unsigned running;

/* ---- results ---- */

/* A queue-send that has gone tries the job again. */
static void report(uint64_t number, chain_verdict_t const *verdict) {
  char frame[WORKER_RESULT_MAX], text[CHAIN_VERDICT_SIZE];
  chain_verdict_format(text, verdict);
  size_t len = worker_result_format(frame, number, verdict->kind, text);
  if (worker_results_send(0, frame, len) == 0) return;
  strerr_warnwu1sys("report");
  more = false;
}

/* ---- jobs ---- */

static run_t *free_run(void) {
  run_t *run = runs;
  while (run->pid) run++;
  return run;
}

static void refuse_as_root(worker_job_t const *job, chain_verdict_t *verdict) {
  static char const text[] = "4.3.5 deliver-pipe runs as root, and commands may not";
  chain_verdict_parse(verdict, CHAIN_DEFER, text, sizeof text - 1);
  close(job->fd);
}

static void take_job(worker_job_t const *job) {
  chain_verdict_t verdict;
  if (!geteuid() && !as_root) {
    refuse_as_root(job, &verdict);
  } else if (run_start(free_run(), job, &verdict)) {
    running++;
    return;
  }
  report(job->number, &verdict);
}

static void take_jobs(void) {
  worker_job_t job;
  int taken = 0;
  while (more && running < commands && (taken = worker_job_next(&input, &job)) > 0) take_job(&job);
  if (taken < 0) strerr_diefu1sys(111, "understand a job");
}

static void read_jobs(void) {
  int result = worker_input_read(&input, 0);
  if (result < 0 && errno != EAGAIN) strerr_diefu1sys(111, "read jobs");
  if (result == 0) more = false;
}

/* ---- commands ---- */

static void check_runs(void) {
  chain_verdict_t verdict;
  for (run_t *run = runs; run < runs + commands; run++) {
    if (!run->pid || !run_check(run, &verdict)) continue;
    running--;
    report(run->number, &verdict);
  }
}

/* ---- the loop ---- */

/* Milliseconds until the first command has to end; -1: none has to. */
static int64_t time_to_wait(void) {
  int64_t first = -1, now = clock_milliseconds();
  for (run_t *run = runs; run < runs + commands; run++) {
    if (!run->pid || run->late) continue;
    int64_t left = run->deadline > now ? run->deadline - now : 0;
    if (first < 0 || left < first) first = left;
  }
  return first;
}

static void wait_and_read(void) {
  struct pollfd polls[1 + COMMANDS_MAX];
  run_t *readers[1 + COMMANDS_MAX];
  nfds_t count = 0;
  polls[count++] = (struct pollfd){more && running < commands ? 0 : -1, POLLIN, 0};
  for (run_t *run = runs; run < runs + commands; run++) {
    if (!run->pid || run->output < 0) continue;
    readers[count] = run;
    polls[count++] = (struct pollfd){run->output, POLLIN, 0};
  }
  event_wait(polls, count, time_to_wait());
  for (nfds_t i = 1; i < count; i++)
    if (polls[i].revents) run_read(readers[i]);
  if (polls[0].revents) read_jobs();
}

/* ---- set-up ---- */

static void set_option(int option, char const *value, char const **root) {
  switch (option) {
  case 'c': commands = option_number(option, value, 1, COMMANDS_MAX); break;
  case 't': settings.seconds = option_number(option, value, 1, SECONDS_MAX); break;
  case 'd': *root = value; break;
  case 'u': umask(option_mode(option, value)); break;
  case 'R': settings.routes = value; break;
  case 'q': settings.bare = true; break;
  case 'r': as_root = true; break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

static void parse_options(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  char const *root = NULL;
  umask(077);
  for (int option; (option = subgetopt_r(argc, argv, "c:t:d:u:R:qrh", &options)) != -1;)
    set_option(option, options.arg, &root);
  if (options.ind != argc) strerr_dieusage(100, USAGE);
  if (root && chdir(root) < 0) strerr_diefu2sys(111, "change to ", root);
}

static char const *variable(char const *name, char const *preset) {
  char const *value = getenv(name);
  return value && *value ? value : preset;
}

static void find_places(void) {
  static char home[PATH_MAX];
  if (!getcwd(home, sizeof home)) strerr_diefu1sys(111, "find the working directory");
  settings.home = home;
  settings.path = variable("PATH", "/usr/bin:/bin");
  settings.folder = variable("TMPDIR", "/tmp");
}

int main(int argc, char const *const *argv) {
  parse_options(argc, argv);
  event_check_socket();
  find_places();
  chain_call_init();
  prctl(PR_SET_DUMPABLE, 0);
  worker_input_init(&input);
  while (more || running) {
    wait_and_read();
    check_runs();
    take_jobs();
  }
  worker_input_free(&input);
  return 0;
}
