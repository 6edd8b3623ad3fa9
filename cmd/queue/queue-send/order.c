#include "order.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "attempt.h"
#include "entry.h"
#include "index.h"
#include "log/log.h"

/* An entry, and what is known of it. */
typedef struct subject {
  item_t *item;
  attempt_t *attempt; /* NULL: none is under way */
  steer_subject_t is;
} subject_t;

/* ---- finding it ---- */

/* One that the index does not know of yet may be there all the same. */
static item_t *learn(char const *name) {
  struct stat status;
  if (fstatat(settings.new_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return NULL;
  item_t *item = index_add(name);
  if (!item) return NULL;
  index_wait(item, entry_born(name, time_now()));
  return item;
}

static bool is_early(queue_entry_t const *entry) {
  queue_terms_t terms;
  queue_terms_read(&terms, entry);
  return terms.release > time_now();
}

static steer_answer_t read_waiting(subject_t *subject) {
  queue_entry_t entry;
  queue_state_t state;
  char const *name = subject->item->name;
  if (queue_entry_open(&entry, settings.new_fd, name, settings.owners) < 0)
    return errno == ENOENT ? STEER_GONE : STEER_FAILED;
  steer_answer_t answer = STEER_FAILED;
  if (queue_state_read(&state, settings.state_fd, name) == 0) {
    subject->is = (steer_subject_t){state.order, queue_held(&entry, &state), is_early(&entry)};
    queue_state_free(&state);
    answer = STEER_DONE;
  }
  int error = errno;
  queue_entry_close(&entry);
  return errno = error, answer;
}

static steer_answer_t find(subject_t *subject, char const *name) {
  *subject = (subject_t){.item = index_find(name)};
  if (!subject->item) subject->item = learn(name);
  if (!subject->item || subject->item->stage == ITEM_DELIVERED) return STEER_GONE;
  if (subject->item->state != ITEM_ACTIVE) return read_waiting(subject);
  subject->attempt = attempt_of(subject->item);
  subject->is.order = subject->attempt->state.order;
  subject->is.held = subject->is.order == QUEUE_HELD;
  return STEER_DONE;
}

/* ---- doing it ---- */

static int write_down(subject_t const *subject, steer_request_t const *request) {
  item_t *item = subject->item;
  char reason[QUEUE_RECORD_MAX];
  queue_what_t const order = steer_verbs[request->verb].order;
  if (!order) return 0;
  steer_reason(reason, request);
  if (subject->attempt) return journal_order(subject->attempt, order, reason);
  if (item->stage == ITEM_FRESH) item->stage = ITEM_OLD; /* it may have a log, also if this fails */
  return queue_order(settings.state_fd, request->name, order, reason);
}

static void go(item_t *item) {
  item_force(item);
  index_ready(item);
}

static void retry(item_t *item) {
  item->urge = ITEM_ASKED;
  index_ready(item);
}

/* For one that no attempt has. */
static void (*const moves[STEER_VERBS])(item_t *item) = {
    [STEER_RETRY] = retry,     [STEER_HOLD] = index_hold, [STEER_RELEASE] = go,
    [STEER_DROP] = entry_drop, [STEER_BOUNCE] = go,
};

/* An attempt sees it in its log when what its deliverers have is done. */
static steer_answer_t perform(subject_t const *subject, steer_request_t const *request) {
  bool const soon = request->verb == STEER_RETRY || request->verb == STEER_RELEASE;
  if (!subject->attempt) index_take_out(subject->item);
  if (write_down(subject, request) < 0) {
    if (!subject->attempt) index_wait(subject->item, time_now());
    return STEER_FAILED;
  }
  if (subject->attempt) return soon ? STEER_DONE : STEER_LATER;
  moves[request->verb](subject->item);
  return STEER_DONE;
}

/* ---- both ---- */

static void report(steer_request_t const *request, steer_answer_t answer, uid_t uid, int error) {
  log_line_t line;
  log_start(&line, "queue-send", "order");
  log_str(&line, "order", steer_verbs[request->verb].word);
  log_bytes(&line, "id", request->name, CHAIN_ID_SIZE);
  log_uint(&line, "uid", uid);
  if (*request->reason) log_str(&line, "reason", request->reason);
  log_str(&line, "answer", steer_answers[answer] + 1);
  if (answer == STEER_FAILED) log_errno(&line, error);
  log_send(&line);
}

steer_answer_t order_obey(steer_request_t const *request, uid_t uid) {
  subject_t subject;
  steer_answer_t answer = find(&subject, request->name);
  if (answer == STEER_DONE) answer = steer_check(request->verb, &subject.is);
  if (answer == STEER_DONE) answer = perform(&subject, request);
  report(request, answer, uid, errno);
  return answer;
}
