/* queue-send: see queue-send(8). */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "attempt.h"
#include "chain/chain.h"
#include "channel.h"
#include "conf/conf.h"
#include "confine/confine.h"
#include "control.h"
#include "destination.h"
#include "index.h"
#include "net/net.h"
#include "notice.h"
#include "pool.h"
#include "recipient.h"
#include "report.h"
#include "scan.h"
#include "send.h"
#include "share.h"
#include "trigger.h"
#include "worker.h"

char const *PROG = "queue-send";

#define USAGE                                                                                      \
  "queue-send [-q queue] [-r routes.cdb] [-o uid,...] [-w channel=how]... [-n fd] [-t seconds]"

#define ATTEMPTS_MAX 512                  /* entries open at one time */
#define STARTS       64                   /* attempts begun before events are looked at again */
#define FDS_APART    (48 + CONTROL_POLLS) /* descriptors for all else */
#define OWNERS_MAX   64
#define LOCK_TRIES   40
#define LOCK_PAUSE   50000 /* microseconds */
#define RESCAN       (300 * SECOND)
#define RESCAN_SOON  (30 * SECOND)  /* where one missed something */
#define WAIT_MAX     (600 * SECOND) /* of a poll */

settings_t settings;

static uint64_t rescan_at;
static uint64_t stop_at = NEVER; /* when those in flight are given up; set by TERM */
static uint64_t stop_time = 10 * SECOND;
static unsigned notify_fd;

/* ---- signals ---- */

static bool is_stopping(void) {
  return stop_at != NEVER;
}

static void stop(void) {
  if (is_stopping()) return;
  stop_at = clock_now() + stop_time;
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
  if (scan_missed() && rescan_at > now + RESCAN_SOON) rescan_at = now + RESCAN_SOON;
  if (now >= rescan_at) {
    rescan_at = now + RESCAN;
    scan_start();
  }
  scan_step();
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

static int open_folder(char const *name) {
  char path[PATH_MAX];
  if (strlen(settings.queue) + 1 + strlen(name) >= sizeof path) strerr_dief1x(100, "path too long");
  stpcpy(stpcpy(stpcpy(path, settings.queue), "/"), name);
  int fd = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) strerr_diefu2sys(111, "open ", path);
  return fd;
}

/* Some have the lock for a moment only: a tool, or a child of one that was killed before the child
   had become a deliverer. */
static int take_lock(int fd) {
  for (unsigned tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
    if (errno != EWOULDBLOCK || tries == LOCK_TRIES) return -1;
    usleep(LOCK_PAUSE);
  }
  return 0;
}

/* Two schedulers would deliver everything twice. The lock goes with the process. */
static void lock_queue(void) {
  int queue = open_folder("");
  int fd = openat(queue, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) strerr_diefu3sys(111, "open ", settings.queue, "/lock");
  if (take_lock(fd) < 0) {
    if (errno == EWOULDBLOCK) strerr_dief2x(111, "another queue-send serves ", settings.queue);
    strerr_diefu3sys(111, "lock ", settings.queue, "/lock");
  }
  close(queue);
}

static void limit_attempts(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) strerr_diefu1sys(111, "getrlimit");
  size_t apart = FDS_APART + pool_size();
  if (limit.rlim_cur <= apart) strerr_dief1x(111, "too few file descriptors allowed");
  size_t left = limit.rlim_cur - apart;
  share_limit(left < ATTEMPTS_MAX ? left : ATTEMPTS_MAX);
}

/* Notices are our own. */
static void set_owners(char const *list) {
  static uid_t owners[OWNERS_MAX + 1];
  size_t count = 0;
  owners[count++] = getuid();
  for (char const *s = list;; s++) {
    unsigned int uid;
    size_t len = uint_scan(s, &uid);
    if (!len || (s[len] && s[len] != ',') || count == OWNERS_MAX)
      strerr_dief2x(100, "not a list of uids: ", list);
    owners[count++] = uid;
    s += len;
    if (!*s) break;
  }
  owners[count] = (uid_t)-1;
  settings.owners = owners;
}

static unsigned parse_number(char const *s) {
  unsigned number;
  if (!uint0_scan(s, &number)) strerr_dief2x(100, "not a number: ", s);
  return number;
}

static void set_option(int option, char const *value) {
  switch (option) {
  case 'q': settings.queue = value; break;
  case 'r': settings.routes = value; break;
  case 'o': set_owners(value); break;
  case 'w':
    if (channel_configure(value) < 0)
      strerr_dief2x(100, "not a channel and how to serve it: ", value);
    break;
  case 'n': notify_fd = parse_number(value); break;
  case 't': stop_time = parse_number(value) * SECOND; break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

static void parse_options(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "q:r:o:w:n:t:h", &options)) != -1;)
    set_option(option, options.arg);
  if (options.ind < argc) strerr_dieusage(100, USAGE);
}

static void open_queue(void) {
  if (!settings.queue) settings.queue = conf_queue();
  lock_queue();
  settings.new_fd = open_folder("new");
  settings.state_fd = open_folder("state");
  settings.bad_fd = open_folder("bad");
  settings.tmp_fd = open_folder("tmp");
  trigger_open();
  control_open();
}

static char const *host_name(void) {
  static char name[256];
  if (gethostname(name, sizeof name - 1) < 0) strerr_diefu1sys(111, "get the host's name");
  return name;
}

static void load_settings(void) {
  static conf_t conf;
  char const *culprit;
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(100, "load setting ", culprit);
  settings.lifetime = conf.number[CONF_QUEUE_LIFETIME] * SECOND;
  if (queue_schedule_parse(&settings.schedule, conf.text[CONF_RETRY_SCHEDULE]) < 0)
    strerr_diefu1sys(100, "load setting retry-schedule");
  settings.delay_notice = conf.number[CONF_DELAY_NOTICE] * SECOND;
  settings.backoff = conf.number[CONF_BACKOFF] * SECOND;
  settings.backoff_max = conf.number[CONF_BACKOFF_MAX] * SECOND;
  notice_configure(&conf, conf.text[CONF_ME] ? conf.text[CONF_ME] : host_name());
  pool_open(&conf);
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
  if (notify_fd) {
    fd_write((int)notify_fd, "\n", 1);
    close((int)notify_fd);
  }
  net_notify("READY=1");
}

int main(int argc, char const *const *argv) {
  static uid_t own[] = {0, (uid_t)-1};
  settings.owners = own;
  own[0] = getuid();
  parse_options(argc, argv);
  settings.started = time_now();
  load_settings();
  open_queue();
  limit_attempts();
  int signals = catch_signals();
  give_up_privileges();
  tell_ready();
  serve(signals);
  return 0;
}
