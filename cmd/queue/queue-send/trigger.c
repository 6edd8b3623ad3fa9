#include "trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"
#include "index.h"
#include "report.h"
#include "scan.h"

#define PIPE_SIZE (1 << 20) /* what Linux gives to ordinary users */
#define PAGE      4096
#define READY_MAX 200000 /* entries that are known and were not begun */

/* So many names that no entry has are made up, if they come in a SPELL; some are of entries that a
   scan was quicker to find. It is not listened to for as long then. */
#define INVENTED_MAX 256
#define SPELL        SECOND

static int trigger;
static char unread[65536];
static size_t unread_len;

/* Open for writing too: it must not end when a writer closes it. */
void trigger_open(void) {
  int queue = open2(settings.queue, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  if (queue < 0) strerr_diefu2sys(111, "open ", settings.queue);
  if (mkfifoat(queue, "trigger", 0600) == 0) {
    if (fchmodat(queue, "trigger", 0620, 0) < 0) strerr_diefu1sys(111, "chmod trigger");
  } else if (errno != EEXIST) {
    strerr_diefu3sys(111, "make ", settings.queue, "/trigger");
  }
  trigger = openat(queue, "trigger", O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (trigger < 0 || fstat(trigger, &status) < 0)
    strerr_diefu3sys(111, "open ", settings.queue, "/trigger");
  if (!S_ISFIFO(status.st_mode)) strerr_dief2x(100, settings.queue, "/trigger is not a FIFO");
#ifdef F_SETPIPE_SZ
  fcntl(trigger, F_SETPIPE_SZ, PIPE_SIZE);
#endif
  close(queue);
}

/* ---- who makes names up ---- */

static size_t invented;
static uint64_t since;      /* when they began to be counted */
static uint64_t deaf_until; /* 0: it is listened to */

static void turn_deaf(void) {
  if (!deaf_until) report_trouble("trigger-flooded", "queue", settings.queue, 0);
  deaf_until = clock_now() + SPELL;
}

void trigger_doubt(void) {
  uint64_t now = clock_now();
  if (now - since >= SPELL) {
    since = now;
    invented = 0;
  }
  if (++invented > INVENTED_MAX && !deaf_until) turn_deaf();
}

int trigger_fd(void) {
  return deaf_until ? -1 : trigger;
}

uint64_t trigger_deadline(void) {
  return deaf_until ? deaf_until : NEVER;
}

/* A scan finds those that are among them. */
static void discard(void) {
  for (size_t size = 0; size < PIPE_SIZE;) {
    ssize_t n = read(trigger, unread, sizeof unread);
    if (n <= 0) break;
    size += (size_t)n;
  }
  unread_len = 0;
}

void trigger_run(void) {
  if (!deaf_until || clock_now() < deaf_until) return;
  if (index_ready_count() > READY_MAX) return turn_deaf();
  deaf_until = 0;
  discard();
  scan_start();
}

/* ---- names ---- */

static void hear_of(char const *name) {
  if (!queue_name_valid(name)) return;
  item_t *item = scan_learn(name);
  if (!item) return index_hurry(name, time_now());
  item->stage = chain_id_time(name) > settings.started ? ITEM_FRESH : ITEM_OLD;
  index_ready(item);
}

/* What someone wrote without a newline does not spoil the name behind it. */
static void take_names(void) {
  char *name = unread, *end = unread + unread_len;
  for (char *newline; (newline = memchr(name, '\n', (size_t)(end - name))); name = newline + 1) {
    *newline = 0;
    if (newline - name > QUEUE_NAME_SIZE) name = newline - QUEUE_NAME_SIZE;
    hear_of(name);
  }
  unread_len = (size_t)(end - name);
  memmove(unread, name, unread_len);
}

/* A buffer filled by one read means that the pipe held a lot: it may have been full, and names
   lost. A pipe of the usual size is full before the buffer is: no name is cut at a page's end. */
void trigger_read(void) {
  ssize_t n = read(trigger, unread + unread_len, sizeof unread - unread_len);
  if (n <= 0) return;
  unread_len += (size_t)n;
  if (unread_len > sizeof unread - PAGE) scan_start();
  take_names();
  if (index_ready_count() > READY_MAX) turn_deaf();
  if (unread_len > QUEUE_NAME_SIZE) unread_len = 0;
}
