#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "attempt.h"
#include "entry.h"
#include "index.h"
#include "report.h"

#define RECORDS_KEPT 65536 /* bytes in memory; more are written as they come */

static journal_worth_t worth_of(queue_record_t const *record) {
  bool const fails = record->what == QUEUE_DEFERRED || record->what == QUEUE_ATTEMPTED;
  return fails ? JOURNAL_FAILURES : JOURNAL_RESULTS;
}

void journal_add(attempt_t *attempt, queue_record_t const *record) {
  journal_t *journal = &attempt->journal;
  char line[QUEUE_RECORD_MAX];
  size_t len = queue_record_format(line, record);
  if (worth_of(record) > journal->worth) journal->worth = worth_of(record);
  if (stralloc_catb(&journal->records, line, len)) return;
  journal->lost = true;
  report_entry("record-lost", attempt->item->name, ENOMEM);
}

/* ---- writing ---- */

typedef struct addition {
  stralloc const *records;
  bool torn; /* the log may end amid a line */
  bool sync;
} addition_t;

static int append(item_t const *item, addition_t const *addition) {
  stralloc const *records = addition->records;
  int fd = openat(settings.state_fd, item->name,
                  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (fd < 0) return -1;
  bool ended = !addition->torn || allwrite(fd, "\n", 1) == 1;
  int result = ended && allwrite(fd, records->s, records->len) == records->len ? 0 : -1;
  if (result == 0 && addition->sync) result = fd_sync(fd);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

typedef enum durability { WRITTEN, SYNCED } durability_t;

static void write_records(attempt_t *attempt, durability_t durability) {
  journal_t *journal = &attempt->journal;
  addition_t const addition = {
      .records = &journal->records, .torn = attempt->state.torn, .sync = durability == SYNCED};
  if (!journal->records.len) return;
  journal->logged = true;
  journal->unwritable = append(attempt->item, &addition) < 0;
  attempt->state.torn = journal->unwritable;
  if (journal->unwritable)
    report_entry("record-failed", attempt->item->name, errno);
  else
    journal->records.len = 0;
}

void journal_spill(attempt_t *attempt) {
  if (attempt->journal.records.len > RECORDS_KEPT) write_records(attempt, WRITTEN);
}

void journal_commit(attempt_t *attempt) {
  write_records(attempt, attempt->journal.worth == JOURNAL_RESULTS ? SYNCED : WRITTEN);
}

void journal_end(attempt_t *attempt, uint64_t next) {
  queue_record_t end = {.time = time_now(), .what = QUEUE_ATTEMPTED, .next = next, .text = ""};
  journal_add(attempt, &end);
  journal_commit(attempt);
  report_waiting(attempt, attempt->state.attempts + 1, next);
}

int journal_reread(attempt_t *attempt) {
  queue_state_t state;
  write_records(attempt, WRITTEN);
  if (attempt->journal.unwritable || attempt->journal.lost ||
      queue_state_read(&state, settings.state_fd, attempt->item->name) < 0)
    return -1;
  queue_state_free(&attempt->state);
  attempt->state = state;
  return 0;
}

/* The order is in the log, whatever comes after. */
int journal_order(attempt_t *attempt, queue_what_t order, char const *reason) {
  attempt->state.torn = attempt->journal.logged = true; /* also if this fails */
  if (queue_order(settings.state_fd, attempt->item->name, order, reason) < 0) return -1;
  attempt->state.torn = false;
  if (journal_reread(attempt) == 0) return 0;
  attempt->state.order = order;
  attempt->state.reason = "5.7.0 removed by an administrator";
  return 0;
}

/* ---- what is not written ---- */

void journal_discard(attempt_t *attempt) {
  attempt->journal.records.len = 0;
}

static void keep_unwritten(attempt_t *attempt) {
  journal_t *journal = &attempt->journal;
  if (!journal->records.len) return;
  stralloc *kept = malloc(sizeof *kept);
  if (!kept) return;
  *kept = journal->records;
  journal->records = (stralloc)STRALLOC_ZERO;
  attempt->item->unwritten = kept;
}

void journal_free(attempt_t *attempt) {
  keep_unwritten(attempt);
  stralloc_free(&attempt->journal.records);
}

static int append_kept(item_t const *item) {
  addition_t const kept = {.records = item->unwritten, .torn = true, .sync = true};
  if (append(item, &kept) == 0) return 0;
  report_entry("record-failed", item->name, errno);
  return -1;
}

bool journal_write_kept(item_t *item) {
  if (!item->unwritten) return true;
  if (append_kept(item) < 0) {
    index_wait(item, time_now() + TROUBLE_DELAY);
    return false;
  }
  stralloc_free(item->unwritten);
  free(item->unwritten);
  item->unwritten = 0;
  return true;
}

static void write_kept(void *data, item_t const *item) {
  (void)data;
  if (item->unwritten) append_kept(item);
}

void journal_write_all_kept(void) {
  for (size_t bucket = 0; index_each(bucket, write_kept, 0);) bucket++;
}
