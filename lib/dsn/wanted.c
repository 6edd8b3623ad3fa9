/* Who is told what: RFC 3461 4.1 and 6.2 (NOTIFY), RFC 5321 6.1 (the null sender). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dsn/internal.h"
#include "queue/format.h"
#include "smtp/smtp.h"

/* The value behind NAME=, or NULL if the parameter is another one. */
static char const *value_of(char const *parameter, char const *name) {
  size_t const len = strlen(name);
  return !strncasecmp(parameter, name, len) && parameter[len] == '=' ? parameter + len + 1 : NULL;
}

/* Takes a P record. */
static bool take_asked(queue_cursor_t *cursor, dsn_asked_t *asked) {
  *asked = (dsn_asked_t){.recipient = queue_take_record(cursor, 'P')};
  if (!asked->recipient) return false;
  for (char const *s; (s = queue_take(cursor)) && *s;) {
    char const *notify = value_of(s, "NOTIFY"), *original = value_of(s, "ORCPT");
    if (notify) asked->notify = notify;
    if (original) asked->original = original;
  }
  return true;
}

static queue_cursor_t parameters_of(queue_envelope_t const *envelope) {
  char const *s = envelope->parameters;
  return (queue_cursor_t){s, s + envelope->parameters_len};
}

/* Records lie in the order in which they were taken, one behind the other. */
static int compare(void const *left, void const *right) {
  dsn_asked_t const *a = left, *b = right;
  int const order = strcmp(a->recipient, b->recipient);
  return order ? order : (a->recipient > b->recipient) - (a->recipient < b->recipient);
}

dsn_asked_t *dsn_asked_make(size_t *count, queue_envelope_t const *envelope) {
  dsn_asked_t one;
  queue_cursor_t cursor = parameters_of(envelope);
  size_t room = 1;
  while (take_asked(&cursor, &one)) room++;
  dsn_asked_t *asked = malloc(room * sizeof *asked);
  if (!asked) return NULL;
  cursor = parameters_of(envelope);
  for (*count = 0; take_asked(&cursor, &one);) asked[(*count)++] = one;
  qsort(asked, *count, sizeof *asked, compare);
  return asked;
}

dsn_asked_t dsn_asked_find(dsn_asked_t const *asked, size_t count, char const *recipient) {
  size_t low = 0, high = count; /* the last one that is not behind recipient is in [low, high) */
  while (high - low > 1) {
    size_t const middle = low + (high - low) / 2;
    if (strcmp(asked[middle].recipient, recipient) > 0)
      high = middle;
    else
      low = middle;
  }
  bool const found = count && !strcmp(asked[low].recipient, recipient);
  return found ? asked[low] : (dsn_asked_t){.recipient = recipient};
}

char const *dsn_message_parameter(queue_envelope_t const *envelope, char const *name) {
  return queue_envelope_value(envelope, "", name);
}

/* The condition of NOTIFY that asks for a notice of each action, and whether there is one when
   nobody asks. */
static struct {
  char const *condition;
  bool unasked;
} const actions[DSN_ACTIONS] = {
    [DSN_FAILED] = {"FAILURE", true},     [DSN_DELAYED] = {"DELAY", true},
    [DSN_EXPANDED] = {"SUCCESS", false},  [DSN_RELAYED] = {"SUCCESS", false},
    [DSN_DELIVERED] = {"SUCCESS", false},
};

/* What bounced is a bounce: that is told to double_to once, and no one is told that it could not be
   told. */
static bool double_wanted(queue_entry_t const *entry, char const *double_to,
                          dsn_result_t const *result) {
  char const *notice = queue_entry_fact(entry, "X_NOTICE");
  if (!double_to || !*double_to || result->action != DSN_FAILED) return false;
  return !(notice && !strcmp(notice, "double")) && strcasecmp(result->recipient, double_to);
}

static bool is_asked(dsn_result_t const *result, char const *notify) {
  if (result->unasked) return !notify || !smtp_list_has(notify, "NEVER");
  return notify ? smtp_list_has(notify, actions[result->action].condition)
                : actions[result->action].unasked;
}

bool dsn_wanted(queue_entry_t const *entry, dsn_settings_t const *settings,
                dsn_result_t const *result, char const *notify) {
  bool const asked = is_asked(result, notify);
  if (!asked || *entry->envelope.sender) return asked;
  return double_wanted(entry, settings->double_to, result);
}

char const *dsn_addressee(queue_entry_t const *entry, dsn_settings_t const *settings) {
  return *entry->envelope.sender ? entry->envelope.sender : settings->double_to;
}
