#include "notice.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "attempt.h"
#include "destination.h"
#include "dsn/dsn.h"
#include "report.h"

#define IDS_MAX 3 /* tried for a boundary that the message does not contain */

static dsn_settings_t notices;
static dsn_texts_t texts;

static void load_texts(void) {
  char path[PATH_MAX], number[SIZE_FMT];
  char const *wrong;
  size_t line;
  if (conf_path(path, sizeof path, "bounce-texts") < 0) strerr_diefu1sys(111, "find bounce-texts");
  if (dsn_texts_load(&texts, path, &line, &wrong) == 0) return;
  if (!line) strerr_diefu2sys(111, "read ", path);
  number[size_fmt(number, line)] = 0;
  strerr_dief5x(100, path, ", line ", number, ": ", wrong);
}

void notice_configure(conf_t const *conf, char const *me) {
  load_texts();
  notices = (dsn_settings_t){.me = me,
                             .double_to = conf->text[CONF_DOUBLE_BOUNCE],
                             .whole_max = conf->number[CONF_BOUNCE_BYTES],
                             .texts = &texts};
}

/* ---- results ---- */

/* What the log's words for a delivery mean; others are not told of. */
static struct outcome {
  char const *word;
  dsn_action_t action;
  bool told;   /* to who has asked by NOTIFY */
  bool late;   /* to who wants to know what is late: no one else will tell (RFC 2852, 4.1.4.2) */
  bool traced; /* to who has asked for a trace (RFC 2852, 4.1.4) */
} const outcomes[] = {
    {NOTICE_DELIVERED, DSN_DELIVERED, true, false, false},
    {NOTICE_RELAYED, DSN_RELAYED, true, true, true},
    {NOTICE_UNTIMED, DSN_RELAYED, false, true, true},
    {NOTICE_PASSED, DSN_RELAYED, false, false, true},
    {NOTICE_EXPANDED, DSN_EXPANDED, true, false, false},
};

/* What there is to tell, and the records that say that it was told. */
typedef struct telling {
  attempt_t *attempt;
  uint64_t now;
  bool delay; /* it is time to tell of that */
  dsn_asked_t *asked;
  size_t nasked;
  dsn_result_t *results;
  queue_record_t *told;
  size_t count;
} telling_t;

static struct outcome const *find_outcome(char const *word) {
  for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
    if (!strcmp(outcomes[i].word, word)) return &outcomes[i];
  return NULL;
}

static void delivery_action(dsn_result_t *result, queue_terms_t const *terms, char const *word) {
  struct outcome const *outcome = find_outcome(word);
  if (!outcome) return;
  result->unasked =
      (outcome->traced && terms->trace) || (outcome->late && terms->deadline && !terms->returns);
  if (outcome->told || result->unasked) result->action = outcome->action;
}

static void set_action(dsn_result_t *result, telling_t const *telling,
                       queue_record_t const *record) {
  switch (record->what) {
  case QUEUE_FAILED:
  case QUEUE_EXPIRED: result->action = DSN_FAILED; break;
  case QUEUE_DELIVERED: delivery_action(result, &telling->attempt->terms, record->text); break;
  case QUEUE_DEFERRED:
    if (telling->delay) result->action = DSN_DELAYED;
    break;
  default: break;
  }
}

/* RFC 2852 4.1.4 names the codes of what came too late. */
static char const *status_of(telling_t const *telling, queue_record_t const *record) {
  queue_terms_t const *terms = &telling->attempt->terms;
  bool by = terms->deadline && !terms->returns && telling->now >= terms->deadline;
  if (record->what == QUEUE_EXPIRED) return "5.4.7";
  return record->what == QUEUE_DEFERRED && by ? "4.4.7" : NULL;
}

static queue_what_t told_of(dsn_action_t action) {
  if (action == DSN_FAILED) return QUEUE_FAILURE_TOLD;
  return action == DSN_DELAYED ? QUEUE_DELAY_TOLD : QUEUE_DELIVERY_TOLD;
}

static void add(telling_t *telling, dsn_asked_t const *asked, queue_record_t const *record) {
  attempt_t const *attempt = telling->attempt;
  dsn_result_t result = {
      .action = DSN_ACTIONS,
      .recipient = asked->recipient,
      .status = status_of(telling, record),
      .last_attempt = record->time,
      .retry_until = attempt_expiry(attempt),
  };
  set_action(&result, telling, record);
  if (result.action == DSN_FAILED || result.action == DSN_DELAYED) result.words = record->text;
  if (result.action == DSN_ACTIONS ||
      !dsn_wanted(&attempt->entry, &notices, &result, asked->notify))
    return;
  telling->results[telling->count] = result;
  telling->told[telling->count] = *record;
  telling->told[telling->count++].what = told_of(result.action);
}

/* The records of a recipient begin at position; returns where those of the next one do. One that
   has none waits for a place. */
static size_t add_recipient(telling_t *telling, char const *recipient, size_t index,
                            size_t position) {
  queue_state_t const *state = &telling->attempt->state;
  place_t const *place = telling->attempt->place;
  dsn_asked_t const asked = dsn_asked_find(telling->asked, telling->nasked, recipient);
  size_t i = position;
  for (; i < state->count && state->records[i].recipient == index; i++)
    add(telling, &asked, &state->records[i]);
  if (i == position && telling->delay && place && place->destination) {
    queue_record_t const waits = {.what = QUEUE_DEFERRED,
                                  .text = destination_text(place->destination)};
    add(telling, &asked, &waits);
  }
  return i;
}

static void add_recipients(telling_t *telling) {
  size_t position = 0, index = 0, record = 0;
  char const *recipient;
  while ((recipient = queue_envelope_next(&telling->attempt->entry.envelope, &position)))
    record = add_recipient(telling, recipient, index++, record);
}

/* ---- the message ---- */

static int compose(dsn_notice_t *notice, telling_t const *telling, char *id, int fd) {
  int made = -1;
  errno = EEXIST;
  for (unsigned i = 0; made < 0 && errno == EEXIST && i < IDS_MAX; i++) {
    chain_id_make(id);
    dsn_request_t const request = {&telling->attempt->entry, telling->results, telling->count, id,
                                   telling->now};
    if (i && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)) return -1;
    made = dsn_compose(notice, fd, &request, &notices);
  }
  return made;
}

static bool inject(dsn_notice_t const *notice, char const *id, int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return report_trouble("notice-failed", "step", "look", errno), false;
  queue_injection_t injection = {.queue = settings.queue,
                                 .id = id,
                                 .fd = fd,
                                 .status = &status,
                                 .envelope = notice->envelope,
                                 .envelope_len = notice->envelope_len,
                                 .environment = notice->environment};
  if (!queue_inject(&injection)) return true;
  report_trouble("notice-failed", "step", injection.step, injection.error);
  return false;
}

static bool write_notice(telling_t const *telling, int fd) {
  dsn_notice_t notice;
  char id[CHAIN_ID_SIZE + 1];
  int made = compose(&notice, telling, id, fd);
  if (made < 0) return report_trouble("notice-failed", "step", "compose", errno), false;
  if (!made) return true;
  if (!inject(&notice, id, fd)) return false;
  report_notice(telling->attempt, id, notice.reported);
  return true;
}

static bool send_notice(telling_t const *telling) {
  int fd = queue_spool_open(settings.queue);
  if (fd < 0) return report_trouble("notice-failed", "step", "open a file", errno), false;
  bool sent = write_notice(telling, fd);
  close(fd);
  return sent;
}

/* ---- both ---- */

static void record_told(telling_t const *telling) {
  queue_record_t const warned = {.time = telling->now, .what = QUEUE_DELAY_TOLD, .text = ""};
  bool delay = false;
  for (size_t i = 0; i < telling->count; i++) {
    delay |= telling->told[i].what == QUEUE_DELAY_TOLD;
    if (telling->told[i].what != QUEUE_DELAY_TOLD) journal_add(telling->attempt, &telling->told[i]);
  }
  if (!delay) return;
  journal_add(telling->attempt, &warned);
  telling->attempt->state.warned = telling->now;
}

static bool tell(telling_t *telling) {
  add_recipients(telling);
  if (telling->count && !send_notice(telling)) return false;
  if (telling->attempt->failed && !telling->count) report_untold(telling->attempt);
  record_told(telling);
  return true;
}

static bool make_room(telling_t *telling) {
  queue_envelope_t const *envelope = &telling->attempt->entry.envelope;
  size_t room = telling->attempt->state.count + envelope->count;
  telling->asked = dsn_asked_make(&telling->nasked, envelope);
  telling->results = malloc(room * sizeof *telling->results);
  telling->told = calloc(room, sizeof *telling->told);
  return telling->asked && telling->results && telling->told;
}

/* At the deadline once more, even if a delay was told before. */
uint64_t notice_delay_due(attempt_t const *attempt) {
  queue_terms_t const *terms = &attempt->terms;
  uint64_t warned = attempt->state.warned;
  uint64_t usual = attempt_age_base(attempt) + settings.delay_notice, by = terms->deadline;
  if (!settings.delay_notice || warned || usual <= attempt->looked) usual = NEVER;
  if (!by || terms->returns || warned >= by || by <= attempt->looked) by = NEVER;
  return by < usual ? by : usual;
}

bool notice_send(attempt_t *attempt) {
  telling_t telling = {.attempt = attempt, .now = time_now()};
  bool left = attempt->left || attempt->place;
  telling.delay =
      left && attempt->state.order != QUEUE_HELD && telling.now >= notice_delay_due(attempt);
  attempt->looked = telling.now;
  if (!attempt->failed && !telling.delay && !attempt->entry.envelope.parameters_len) return true;
  if (journal_reread(attempt) < 0) return false;
  bool told = make_room(&telling) && tell(&telling);
  free(telling.asked);
  free(telling.results);
  free(telling.told);
  return told;
}
