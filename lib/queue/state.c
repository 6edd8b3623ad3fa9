#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "queue/queue.h"

/* A log longer than this is not one of ours. */
#define STATE_MAX (1u << 30)

static int by_place(queue_record_t const *a, queue_record_t const *b) {
  if (a->recipient != b->recipient) return a->recipient < b->recipient ? -1 : 1;
  if (a->target != b->target) return a->target < b->target ? -1 : 1;
  return 0;
}

/* The text of a later line lies behind that of an earlier one. */
static int by_place_and_age(void const *a, void const *b) {
  queue_record_t const *left = a, *right = b;
  int order = by_place(left, right);
  if (order) return order;
  return left->text < right->text ? -1 : left->text > right->text;
}

static void take_order(queue_state_t *state, queue_record_t const *record) {
  state->order = record->what;
  state->ordered = record->time;
  state->reason = record->text;
}

static void take_line(queue_state_t *state, char *line, size_t len) {
  queue_record_t *record = &state->records[state->count];
  if (queue_record_parse(record, line, len) < 0) return;
  switch (record->what) {
  case QUEUE_DELAY_TOLD: state->warned = record->time; break;
  case QUEUE_ATTEMPTED:
    state->attempts++;
    state->next = record->next;
    break;
  case QUEUE_HELD:
  case QUEUE_RELEASED:
  case QUEUE_DROPPED:
  case QUEUE_BOUNCED: take_order(state, record); break;
  default: state->count++;
  }
}

static size_t count_lines(char const *s, size_t len) {
  size_t lines = 0;
  for (char const *end = s + len; s && s < end; lines++) {
    s = memchr(s, '\n', (size_t)(end - s));
    if (s) s++;
  }
  return lines;
}

/* The records of one recipient, n of them, each target once: those for single targets and the one
   for all exclude each other, and the younger kind holds. But a failure for now takes back nothing
   that is over: what some targets have got they would get again. Returns how many are kept. */
static size_t settle_recipient(queue_record_t *records, size_t n) {
  bool later = false; /* a single one is younger */
  if (n == 1 || records[0].target != QUEUE_TARGET_ALL) return n;
  for (size_t i = 1; i < n; i++)
    later |= records[i].text > records[0].text ||
             (records[0].what == QUEUE_DEFERRED && records[i].what != QUEUE_DEFERRED);
  if (!later) return 1;
  memmove(records, records + 1, (n - 1) * sizeof *records);
  return n - 1;
}

static void keep_last_of_each(queue_state_t *state) {
  queue_record_t *records = state->records;
  size_t kept = 0;
  for (size_t i = 0; i < state->count; i++) {
    if (kept && !by_place(&records[kept - 1], &records[i])) kept--;
    records[kept++] = records[i];
  }
  state->count = kept;
}

static void settle(queue_state_t *state) {
  queue_record_t *records = state->records;
  size_t kept = 0;
  qsort(records, state->count, sizeof *records, by_place_and_age);
  keep_last_of_each(state);
  for (size_t i = 0, n; i < state->count; i += n) {
    for (n = 1; i + n < state->count && records[i + n].recipient == records[i].recipient;) n++;
    size_t holding = settle_recipient(records + i, n);
    memmove(records + kept, records + i, holding * sizeof *records);
    kept += holding;
  }
  state->count = kept;
}

int queue_state_parse(queue_state_t *state, char *text, size_t len) {
  *state = (queue_state_t){.text = text, .torn = len && text[len - 1] != '\n'};
  state->records = malloc((count_lines(text, len) + 1) * sizeof *state->records);
  if (!state->records) return queue_state_free(state), errno = ENOMEM, -1;
  for (char *line = text, *end; (end = memchr(line, '\n', len)); line = end + 1) {
    take_line(state, line, (size_t)(end - line));
    len -= (size_t)(end + 1 - line);
  }
  settle(state);
  return 0;
}

static int read_log(queue_state_t *state, int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -1;
  if (!S_ISREG(status.st_mode) || status.st_size > STATE_MAX) return errno = EBADMSG, -1;
  char *text = malloc((size_t)status.st_size + 1);
  if (!text) return -1;
  errno = 0;
  size_t len = allread(fd, text, (size_t)status.st_size);
  if (len < (size_t)status.st_size && errno && errno != EPIPE) return free(text), -1;
  return queue_state_parse(state, text, len);
}

int queue_state_read(queue_state_t *state, int dirfd, char const *name) {
  *state = (queue_state_t){0};
  int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  int result = read_log(state, fd), error = errno;
  close(fd);
  errno = error;
  return result;
}

void queue_state_free(queue_state_t *state) {
  free(state->records);
  free(state->text);
  *state = (queue_state_t){0};
}

static queue_record_t const *find_exactly(queue_state_t const *state, size_t recipient,
                                          uint64_t target) {
  queue_record_t const wanted = {.recipient = recipient, .target = target};
  size_t low = 0, high = state->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = by_place(&wanted, &state->records[middle]);
    if (!order) return &state->records[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

queue_record_t const *queue_state_find(queue_state_t const *state, size_t recipient,
                                       uint64_t target) {
  queue_record_t const *record = find_exactly(state, recipient, QUEUE_TARGET_ALL);
  return record ? record : find_exactly(state, recipient, target);
}
