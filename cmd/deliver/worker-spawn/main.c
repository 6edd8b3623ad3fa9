/* worker-spawn: see worker-spawn(8). It is root: every path that belongs to a user is left to a
   deliverer that is that user. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "../shared/descriptors.h"
#include "../shared/event.h"
#include "clock/clock.h"
#include "spawn.h"

char const *PROG = "worker-spawn";

#define USAGE                                                                                      \
  "worker-spawn [-c children] [-j jobs] [-t seconds] [-s seconds] [-i seconds] [-f uid] "          \
  "[-R routes.cdb] channel program [arg...]"

#define SECONDS_MAX 86400
#define WAIT_MAX    1000 /* milliseconds until those that wait are looked at again */
/* Entries that came, those that wait or are on their way to a deliverer, the deliverers' sockets,
   and some. */
#define FDS_MAX (2 * WORKER_BATCH_MAX + JOBS_MAX + CHILDREN_MAX + 16)

settings_t settings = {.children = 32, .seconds = 600, .hurried = 60, .idle = 30, .first = 1000};

static worker_input_t input;
static bool more = true; /* jobs may come */

/* A queue-send that has gone tries its jobs again. */
void report(uint64_t number, chain_kind_t kind, char const *text) {
  char frame[WORKER_RESULT_MAX];
  size_t len = worker_result_format(frame, number, kind, text);
  if (!more || worker_results_send(0, frame, len) == 0) return;
  strerr_warnwu1sys("report");
  more = false;
}

/* ---- jobs ---- */

static bool has_room(void) {
  return jobs_in_hand() < JOBS_MAX;
}

static void take_jobs(void) {
  worker_job_t job;
  int taken = 0;
  while (has_room() && (taken = worker_job_next(&input, &job)) > 0) job_take(&job);
  if (taken < 0) strerr_diefu1sys(111, "understand a job");
}

static void renew_routes(void) {
  if (!routes_changed()) return;
  children_retire();
  jobs_review();
}

static void work(void) {
  renew_routes();
  take_jobs();
  share_begin();
  jobs_give();
  share_relieve();
}

static void read_jobs(void) {
  int result = worker_input_read(&input, 0);
  if (result < 0 && errno != EAGAIN) strerr_diefu1sys(111, "read jobs");
  if (result == 0) more = false;
}

/* ---- the loop ---- */

/* Milliseconds until something is due; -1: nothing is. */
static int64_t time_to_wait(void) {
  int64_t const deadline = children_deadline(), now = clock_milliseconds();
  int64_t const left = deadline < 0 ? INT64_MAX : deadline > now ? deadline - now : 0;
  if (share_is_short() && left > WAIT_MAX) return WAIT_MAX;
  return deadline < 0 ? -1 : left;
}

static void wait_and_work(void) {
  struct pollfd polls[1 + CHILDREN_MAX] = {{more && has_room() ? 0 : -1, POLLIN, 0}};
  size_t count = 1 + children_polls(polls + 1);
  event_wait(polls, count, time_to_wait());
  children_handle(polls + 1);
  children_check();
  if (polls[0].revents) read_jobs();
  if (more) return work();
  jobs_drop();
  children_retire();
}

/* ---- set-up ---- */

static void set_option(int option, char const *value) {
  switch (option) {
  case 'c': settings.children = option_number(option, value, 1, CHILDREN_MAX); break;
  case 'j': settings.jobs = option_number(option, value, 1, JOBS_MAX); break;
  case 's': settings.hurried = option_number(option, value, 1, SECONDS_MAX); break;
  case 't': settings.seconds = option_number(option, value, 1, SECONDS_MAX); break;
  case 'i': settings.idle = option_number(option, value, 0, SECONDS_MAX); break;
  case 'f': settings.first = option_number(option, value, 1, UINT32_MAX - 1); break;
  case 'R': settings.routes = value; break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

/* Only these have users of their own. queue-send has so many jobs of each at one of two
   connections: a window's, and half of concurrency-pipe. */
static struct {
  route_channel_t channel;
  unsigned jobs;
} const known[] = {{ROUTE_MAILDIR, WORKER_BATCH_MAX}, {ROUTE_PIPE, 10}};

static void set_channel(char const *word) {
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(route_kinds[known[i].channel].word, word) != 0) continue;
    settings.channel = known[i].channel;
    if (!settings.jobs) settings.jobs = known[i].jobs;
    return;
  }
  strerr_dief2x(100, "no channel that users have: ", word);
}

static void parse_options(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "c:j:t:s:i:f:R:h", &options)) != -1;)
    set_option(option, options.arg);
  if (argc - options.ind < 2) strerr_dieusage(100, USAGE);
  set_channel(argv[options.ind]);
  settings.argv = argv + options.ind + 1;
}

static void set_preset(void) {
  static net_identity_t preset;
  char const *reason;
  if (!getenv("UID")) return;
  if (net_identity_read(&preset, &reason) < 0) strerr_dief1x(100, reason);
  settings.preset = &preset;
}

int main(int argc, char const *const *argv) {
  parse_options(argc, argv);
  set_preset();
  event_check_socket();
  descriptors_allow(FDS_MAX);
  chain_call_init();
  prctl(PR_SET_DUMPABLE, 0);
  worker_input_init(&input);
  children_init();
  while (more || children_remain()) wait_and_work();
  worker_input_free(&input);
  return 0;
}
