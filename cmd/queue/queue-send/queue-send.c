/* queue-send: see queue-send(8). */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/selfpipe.h>
#include <skalibs/strerr.h>

#include "attempt.h"
#include "chain/chain.h"
#include "channel.h"
#include "confine/confine.h"
#include "control.h"
#include "destination.h"
#include "index.h"
#include "net/net.h"
#include "pool.h"
#include "recipient.h"
#include "report.h"
#include "scan.h"
#include "send.h"
#include "setup.h"
#include "share.h"
#include "trigger.h"
#include "worker.h"

char const *PROG = "queue-send";

#define ATTEMPTS_MAX 512                  /* entries open at one time */
#define STARTS       64                   /* attempts begun before events are looked at again */
#define FDS_APART    (48 + CONTROL_POLLS) /* descriptors for all else */
#define RESCAN       (300 * SECOND)
#define RESCAN_SOON  (30 * SECOND) /* where one missed something */
#define WAIT_MAX     (60 * SECOND) /* of a poll: the wall clock may be set meanwhile */

static uint64_t rescan_at;
static uint64_t stop_at = NEVER; /* when those in flight are given up; set by TERM */

/* ---- signals ---- */

static bool is_stopping(void) {
  return stop_at != NEVER;
}

static void stop(void) {
  if (is_stopping()) return;
  stop_at = clock_now() + settings.stop_time;
  workers_stop();
  net_notify("STOPPING=1");
}

static void try_all(void) {
  index_force();
  destinations_force();
  scan_start();
}

static void reap(void) {
  int wait_status;
  for (pid_t pid; (pid = waitpid(-1, &wait_status, WNOHANG)) > 0;)
    pool_child_ended(pid, wait_status);
}

static void handle_signals(void) {
  for (int signal; (signal = selfpipe_read()) > 0;) {
    switch (signal) {
    case SIGTERM:
    case SIGINT: stop(); break;
    case SIGHUP:
    case SIGALRM: try_all(); break;
    default: reap();
    }
  }
}

static int catch_signals(void) {
  static int const caught[] = {SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGCHLD};
  int fd = selfpipe_init();
  if (fd < 0) strerr_diefu1sys(111, "make a selfpipe");
  for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
    if (selfpipe_trap(caught[i]) < 0) strerr_diefu1sys(111, "trap signals");
  signal(SIGPIPE, SIG_IGN);
  return fd;
}

/* ---- the loop ---- */

static bool may_start(void) {
  return !is_stopping() && share_is_left();
}

static void start_attempts(void) {
  item_t *item;
  for (unsigned i = 0; i < STARTS && may_start() && (item = index_take(time_now())); i++)
    attempt_start(item);
}

static void scan_now_and_then(void) {
  uint64_t now = clock_now();
  if (now >= rescan_at) {
    rescan_at = now + RESCAN;
    scan_start();
  }
  scan_step();
  if (scan_missed() && rescan_at > now + RESCAN_SOON) rescan_at = now + RESCAN_SOON;
}

/* Microseconds until something is to be done by itself. */
static uint64_t time_to_wait(void) {
  uint64_t now = clock_now(), wait = WAIT_MAX;
  uint64_t const deadlines[] = {pool_deadline(), control_deadline(), trigger_deadline(), rescan_at,
                                stop_at};
  for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
    if (time_until(deadlines[i], now) < wait) wait = time_until(deadlines[i], now);
  if (scan_running()) return 0;
  if (!may_start()) return wait;
  uint64_t due = time_until(index_next_due(), time_now());
  return due < wait ? due : wait;
}

static int poll_timeout(void) {
  return (int)((time_to_wait() + 999) / 1000);
}

/* A clock that was set forward has some tried early, and expired none (due). */
static void look_at_clock(void) {
  int64_t by = clock_look();
  if (!by) return;
  report_clock(by);
  if (by < 0) index_set_back((uint64_t)-by);
}

/* False when it is time to go. */
static bool goes_on(void) {
  return !is_stopping() || (pool_in_flight() && clock_now() < stop_at);
}

static void serve(int signals) {
  static struct pollfd *polls;
  if (!(polls = calloc(2 + CONTROL_POLLS + pool_size(), sizeof *polls)))
    strerr_diefu1sys(111, "allocate");
  polls[0] = (struct pollfd){signals, POLLIN, 0};
  while (goes_on()) {
    look_at_clock();
    trigger_run();
    routes_doubt();
    scan_now_and_then();
    control_run();
    start_attempts();
    pool_run();
    polls[1] = (struct pollfd){trigger_fd(), POLLIN, 0};
    size_t workers = pool_polls(polls + 2), clients = control_polls(polls + 2 + workers);
    if (poll(polls, 2 + workers + clients, poll_timeout()) < 0) {
      if (errno != EINTR) strerr_diefu1sys(111, "poll");
      continue;
    }
    pool_handle(polls + 2);
    control_handle(polls + 2 + workers);
    if (polls[1].revents) trigger_read();
    if (polls[0].revents) handle_signals();
  }
  attempts_abandon();
  control_close();
}

/* ---- set-up ---- */

static void limit_attempts(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) strerr_diefu1sys(111, "getrlimit");
  size_t apart = FDS_APART + pool_size();
  if (limit.rlim_cur <= apart) strerr_dief1x(111, "too few file descriptors allowed");
  size_t left = limit.rlim_cur - apart;
  share_limit(left < ATTEMPTS_MAX ? left : ATTEMPTS_MAX);
}

/* What we start could do no more than we can, and so most deliverers would be of no use. */
static void give_up_privileges(void) {
  char forward[PATH_MAX];
  prctl(PR_SET_DUMPABLE, 0);
  if (!channels_stay_in_queue()) return;
  bool const has_forward = chain_find("deliver-forward", forward, sizeof forward) == 0;
  if (confine_keeper(settings.queue, has_forward ? forward : NULL) < 0)
    strerr_diefu1sys(111, "give up privileges");
}

static void tell_ready(void) {
  int const fd = (int)settings.notify_fd;
  if (fd) {
    fd_write(fd, "\n", 1);
    close(fd);
  }
  net_notify("READY=1");
}

int main(int argc, char const *const *argv) {
  setup(argc, argv);
  limit_attempts();
  int signals = catch_signals();
  give_up_privileges();
  tell_ready();
  serve(signals);
  return 0;
}
