#include "batch.h"

#include <errno.h>
#include <poll.h>

#include <skalibs/strerr.h>

#include "delivery.h"

#define BATCH_BYTES (8u << 20) /* then no more jobs are taken into a batch */

static char const *routes_path;
static worker_input_t input;
static delivery_t batch[WORKER_BATCH_MAX];
static size_t jobs;

void batch_init(char const *routes) {
  routes_path = routes;
  worker_input_init(&input);
}

/* One by one, as they are written: all at once they would stand in the way of those who accept
   messages on the same disk. */
static void begin_sync(delivery_t const *delivery) {
  if (!delivery->failed) sync_begin(delivery->message.fd);
}

/* ---- taking jobs ---- */

/* Who gave the jobs is gone, most likely, and will give them again: nothing of them is to stay. */
static _Noreturn void die(char const *what) {
  int const error = errno;
  for (size_t i = 0; i < jobs; i++)
    if (!batch[i].failed) maildir_discard(&batch[i].message, batch[i].mailbox->folder);
  errno = error;
  strerr_diefu1sys(111, what);
}

/* Waits for a job. Maildirs that were just in use stay open for a second more, and then no longer:
   someone may wish to unmount them. */
static int wait_for_jobs(void) {
  struct pollfd socket = {0, POLLIN, 0};
  int result = mailboxes_are_open() ? worker_input_wait(&input, 0) : -1;
  if (result >= 0 || (mailboxes_are_open() && errno != EAGAIN)) return result;
  mailboxes_close();
  if (poll(&socket, 1, -1) < 0) return -1;
  return worker_input_wait(&input, 0);
}

/* 1, 0 at the end, -1 if nothing is at hand; the first job is waited for. */
static int read_jobs(void) {
  int result = jobs ? worker_input_read(&input, 0) : wait_for_jobs();
  if (result < 0 && errno != EAGAIN && errno != EINTR) die("read jobs");
  return result;
}

/* Mail is better delivered without a quota than not at all. */
static void read_routes(void) {
  static int warned;
  int result = route_refresh(&delivery_settings.routes, routes_path),
      error = result < 0 ? errno : 0;
  if (result > 0) mailboxes_close(); /* their quotas are those of the old ones */
  if (error && error != warned) strerr_warnwu1sys("read the routes");
  warned = error;
}

bool batch_take(void) {
  worker_job_t job;
  int more = 1;
  jobs = 0;
  if (mailboxes_are_old()) mailboxes_close();
  for (uint64_t bytes = 0; jobs < WORKER_BATCH_MAX && bytes < BATCH_BYTES;) {
    int taken = worker_job_next(&input, &job);
    if (taken < 0) die("understand a job");
    if (taken) {
      if (!jobs) read_routes();
      if (jobs) begin_sync(&batch[jobs - 1]);
      delivery_t *delivery = &batch[jobs++];
      delivery_start(delivery, batch, &job);
      bytes += delivery->message.size;
    } else if ((more = read_jobs()) <= 0) {
      break;
    }
  }
  return more != 0;
}

/* ---- steps ---- */

/* What the disk was asked to begin with together shares what the file system commits for it; each
   file is still synced by itself. */
static void sync_messages(void) {
  sync_file_t *files[WORKER_BATCH_MAX];
  size_t count = 0;
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed) continue;
    batch[i].sync.fd = batch[i].message.fd;
    files[count++] = &batch[i].sync;
  }
  if (jobs > 1) begin_sync(&batch[jobs - 1]);
  sync_files(files, count);
}

static void close_messages(void) {
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed) continue;
    if (maildir_close(&batch[i].message) == 0 && !(errno = batch[i].sync.error)) continue;
    delivery_fail(&batch[i], "sync the file");
    maildir_discard(&batch[i].message, batch[i].mailbox->folder);
  }
}

static void publish_files(void) {
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed) continue;
    if (maildir_publish(&batch[i].message, batch[i].mailbox->folder) == 0) {
      batch[i].mailbox->dirty = true;
      continue;
    }
    delivery_fail(&batch[i], "rename the file into new");
    maildir_discard(&batch[i].message, batch[i].mailbox->folder);
  }
}

static void withdraw_unsynced(void) {
  for (size_t i = 0; i < jobs; i++) {
    if (batch[i].failed || !(errno = batch[i].mailbox->sync.error)) continue;
    delivery_fail(&batch[i], "sync new");
    maildir_withdraw(&batch[i].message, batch[i].mailbox->folder);
  }
}

static void count_messages(void) {
  for (size_t i = 0; i < jobs; i++)
    if (!batch[i].failed && batch[i].mailbox->has_quota)
      maildir_quota_add(batch[i].mailbox->folder, batch[i].message.size);
}

static void send_results(char const *s, size_t len) {
  if (worker_results_send(0, s, len) < 0) strerr_diefu1sys(111, "report");
}

static void report(void) {
  static char results[65536];
  size_t len = 0;
  for (size_t i = 0; i < jobs; i++) {
    if (sizeof results - len < WORKER_RESULT_MAX) {
      send_results(results, len);
      len = 0;
    }
    len += worker_result_format(results + len, batch[i].number, batch[i].kind, batch[i].text);
  }
  send_results(results, len);
}

void batch_finish(void) {
  sync_messages();
  close_messages();
  publish_files();
  mailboxes_sync();
  withdraw_unsynced();
  count_messages();
  report();
}
