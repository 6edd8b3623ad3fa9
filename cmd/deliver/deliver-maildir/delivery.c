#include "delivery.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue/queue.h"

delivery_settings_t delivery_settings;

/* ---- failures ---- */

typedef struct failure {
  int error;
  chain_kind_t kind;
  char const *enhanced;
} failure_t;

/* The last one stands for all others. */
static failure_t const failures[] = {
    {ENOENT, CHAIN_DEFER, "4.2.1"},        {EDQUOT, CHAIN_DEFER, "4.2.2"},
    {ENOSPC, CHAIN_DEFER, "4.3.1"},        {EACCES, CHAIN_DEFER, "4.3.5"},
    {EPERM, CHAIN_DEFER, "4.3.5"},         {EROFS, CHAIN_DEFER, "4.3.5"},
    {ENOTDIR, CHAIN_DEFER, "4.3.5"},       {ELOOP, CHAIN_DEFER, "4.3.5"},
    {EEXIST, CHAIN_DEFER, "4.3.5"},        {EINVAL, CHAIN_REJECT, "5.3.5"},
    {ENAMETOOLONG, CHAIN_REJECT, "5.3.5"}, {0, CHAIN_DEFER, "4.3.0"}};

static failure_t const *find_failure(int error) {
  failure_t const *failure = failures;
  while (failure->error && failure->error != error) failure++;
  return failure;
}

/* Joins words, up to NULL, as far as they fit. */
static void join(char *out, size_t size, char const *const *words) {
  size_t len = 0;
  for (; *words; words++) {
    size_t n = strnlen(*words, size - 1 - len);
    memcpy(out + len, *words, n);
    len += n;
  }
  out[len] = 0;
}

void delivery_fail(delivery_t *delivery, char const *step) {
  failure_t const *failure = find_failure(errno);
  char const *words[] = {failure->enhanced, " unable to ", step, ": ", strerror(errno), 0};
  join(delivery->text, sizeof delivery->text, words);
  delivery->kind = failure->kind;
  delivery->failed = true;
}

static void end(delivery_t *delivery, chain_kind_t kind, char const *text) {
  join(delivery->text, sizeof delivery->text, (char const *[]){text, 0});
  delivery->kind = kind;
  delivery->failed = true;
}

/* This delivery ends here, for good or for now. */
static void refuse(delivery_t *delivery, char const *text) {
  end(delivery, CHAIN_REJECT, text);
}

static void defer(delivery_t *delivery, char const *text) {
  end(delivery, CHAIN_DEFER, text);
}

/* ---- the file ---- */

static char buffer[65536];

/* Writes the message, below the trace fields that buffer is filled with. */
static int copy(delivery_t *delivery, queue_entry_t const *entry, size_t filled) {
  queue_stream_t stream = queue_entry_stream(entry);
  ssize_t n;
  do {
    n = queue_stream_read(&stream, buffer + filled, sizeof buffer - filled);
    if (n < 0) return -1;
    filled += (size_t)n;
    if (n && filled < sizeof buffer) continue;
    if (maildir_write(&delivery->message, buffer, filled) < 0) return -1;
    filled = 0;
  } while (n);
  return 0;
}

/* Is there room for so many bytes, and for what the batch has for the same Maildir already? */
static bool has_room(delivery_t *delivery, delivery_t const *batch, uint64_t bytes) {
  maildir_usage_t more = {bytes, 1};
  mailbox_t const *mailbox = delivery->mailbox;
  if (!mailbox->has_quota) return true;
  for (delivery_t const *other = batch; other < delivery; other++) {
    if (other->failed || !mailbox_shares_quota(other->mailbox, mailbox)) continue;
    more.bytes += other->message.size;
    more.messages++;
  }
  if (maildir_quota_check(mailbox->folder, mailbox->quota, &more, time(0)) == 0) return true;
  if (errno != EDQUOT)
    delivery_fail(delivery, "count what is in the Maildir");
  else if (delivery_settings.full_for_good)
    refuse(delivery, "5.2.2 the mailbox is full");
  else
    defer(delivery, "4.2.2 the mailbox is full");
  return false;
}

static uint64_t edited_size(queue_entry_t const *entry) {
  queue_stream_t stream = queue_entry_stream(entry);
  return queue_stream_size(&stream);
}

static void write_message(delivery_t *delivery, delivery_t const *batch, worker_job_t const *job,
                          queue_entry_t const *entry) {
  size_t filled = delivery_return_path(buffer, job->sender);
  filled += delivery_delivered_to(buffer + filled, job->recipient);
  if (!has_room(delivery, batch, filled + edited_size(entry))) return;
  if (mailbox_create(delivery->mailbox, &delivery->message) < 0) {
    delivery_fail(delivery, "create a file in tmp");
  } else if (copy(delivery, entry, filled) < 0) {
    delivery_fail(delivery, "copy the message");
    maildir_discard(&delivery->message, delivery->mailbox->folder);
  }
}

/* ---- the beginning ---- */

/* A message that came back would come back again. */
static bool ends_loop(delivery_t *delivery, worker_job_t const *job, queue_entry_t const *entry) {
  int loop = delivery_is_loop(entry, job->recipient);
  if (loop < 0) delivery_fail(delivery, "read the message");
  if (loop > 0) refuse(delivery, DELIVERY_LOOP_TEXT);
  return loop;
}

/* False if the delivery has come to its end. */
static bool find_place(delivery_t *delivery, worker_job_t const *job) {
  char problem[DELIVERY_PROBLEM_SIZE];
  route_terms_t terms;
  if (delivery_terms(&terms, &delivery_settings.routes, ROUTE_MAILDIR, job, problem) < 0)
    return defer(delivery, problem), false;
  delivery->mailbox = mailbox_use(job->argument, terms.quota);
  if (!delivery->mailbox) delivery_fail(delivery, "open the Maildir");
  return delivery->mailbox;
}

void delivery_start(delivery_t *delivery, delivery_t const *batch, worker_job_t const *job) {
  queue_entry_t entry;
  *delivery = (delivery_t){.number = job->number, .kind = CHAIN_ACCEPT};
  if (!find_place(delivery, job)) {
    close(job->fd);
  } else if (queue_entry_from_fd(&entry, job->fd) < 0) {
    delivery_fail(delivery, "read the queue entry");
    close(job->fd);
  } else {
    if (!ends_loop(delivery, job, &entry)) write_message(delivery, batch, job, &entry);
    queue_entry_close(&entry);
  }
}
