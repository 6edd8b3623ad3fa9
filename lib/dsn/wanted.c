/* Who is told what: RFC 3461 4.1 and 6.2 (NOTIFY), RFC 5321 6.1 (the null sender). */
#include <string.h>
#include <strings.h>

#include "dsn/internal.h"
#include "smtp/smtp.h"

/* The value behind NAME=, or NULL if the parameter is another one. */
static char const *value_of(char const *parameter, char const *name) {
  size_t const len = strlen(name);
  return !strncasecmp(parameter, name, len) && parameter[len] == '=' ? parameter + len + 1 : 0;
}

void dsn_parameters_find(dsn_parameters_t *parameters, queue_envelope_t const *envelope,
                         char const *recipient) {
  *parameters = (dsn_parameters_t){0};
  size_t position = 0;
  for (char const *s; (s = queue_envelope_parameter(envelope, recipient, &position));) {
    char const *notify = value_of(s, "NOTIFY"), *original = value_of(s, "ORCPT");
    if (notify) parameters->notify = notify;
    if (original) parameters->original = original;
  }
}

char const *dsn_message_parameter(queue_envelope_t const *envelope, char const *name) {
  size_t position = 0;
  char const *value = 0;
  for (char const *s; !value && (s = queue_envelope_parameter(envelope, "", &position));)
    value = value_of(s, name);
  return value;
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

static bool list_has(char const *list, char const *word) {
  for (;; list++) {
    size_t const len = strcspn(list, ",");
    if (smtp_word_is(list, len, word)) return true;
    list += len;
    if (!*list) return false;
  }
}

/* What bounced is a bounce: that is told to double_to once, and no one is told that it could not be
   told. */
static bool double_wanted(queue_entry_t const *entry, char const *double_to,
                          dsn_result_t const *result) {
  char const *notice = queue_entry_fact(entry, "X_NOTICE");
  if (!double_to || !*double_to || result->action != DSN_FAILED) return false;
  return !(notice && !strcmp(notice, "double")) && strcasecmp(result->recipient, double_to);
}

bool dsn_wanted_by(queue_entry_t const *entry, dsn_settings_t const *settings,
                   dsn_result_t const *result, char const *notify) {
  bool const asked = notify ? list_has(notify, actions[result->action].condition)
                            : actions[result->action].unasked;
  if (!asked || *entry->envelope.sender) return asked;
  return double_wanted(entry, settings->double_to, result);
}

bool dsn_wanted(queue_entry_t const *entry, dsn_settings_t const *settings,
                dsn_result_t const *result) {
  dsn_parameters_t parameters;
  dsn_parameters_find(&parameters, &entry->envelope, result->recipient);
  return dsn_wanted_by(entry, settings, result, parameters.notify);
}

char const *dsn_addressee(queue_entry_t const *entry, dsn_settings_t const *settings) {
  return *entry->envelope.sender ? entry->envelope.sender : settings->double_to;
}
