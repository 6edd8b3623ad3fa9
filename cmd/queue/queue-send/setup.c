#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../../shared/option.h"
#include "channel.h"
#include "conf/conf.h"
#include "control.h"
#include "notice.h"
#include "pool.h"
#include "send.h"
#include "trigger.h"

#define USAGE                                                                                      \
  "queue-send [-q queue] [-r routes.cdb] [-o uid,...] [-w channel=how]... [-n fd] [-t seconds]"

#define OWNERS_MAX  64
#define SECONDS_MAX 86400
#define LOCK_TRIES  40
#define LOCK_PAUSE  50000 /* microseconds */

settings_t settings = {.stop_time = 10 * SECOND};

/* ---- options ---- */

/* Notices are our own. */
static uid_t owners[OWNERS_MAX + 1];

static void set_owners(char const *list) {
  size_t count = 1;
  char const *s = list;
  do {
    unsigned int uid;
    size_t const len = uint_scan(s, &uid);
    s += len;
    if (!len || (*s && *s != ',') || count == OWNERS_MAX)
      strerr_dief2x(100, "not a list of uids: ", list);
    owners[count++] = uid;
  } while (*s++);
  owners[count] = (uid_t)-1;
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
  case 'n': settings.notify_fd = option_number(option, value, 3, 65535); break;
  case 't': settings.stop_time = option_number(option, value, 0, SECONDS_MAX) * SECOND; break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

static void parse_options(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  owners[0] = getuid();
  owners[1] = (uid_t)-1;
  settings.owners = owners;
  for (int option; (option = subgetopt_r(argc, argv, "q:r:o:w:n:t:h", &options)) != -1;)
    set_option(option, options.arg);
  if (options.ind < argc) strerr_dieusage(100, USAGE);
}

/* ---- settings ---- */

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

/* ---- the queue ---- */

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

void setup(int argc, char const *const *argv) {
  parse_options(argc, argv);
  settings.started = time_now();
  load_settings();
  open_queue();
}
