#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/types.h>

#include "session.h"

#define VARIABLES_MAX 2048 /* of a link's environment; more are left out */
#define OWN_BYTES     4096

/* What nobody but this program, its hooks and links may tell a link. */
static bool is_ours(char const *variable) {
  static char const *const names[] = {
      "AUTH_RESULTS=", "ADD_HEADERS=", "CUT_RANGES=", "QUEUE_ID=", "MESSAGE_FILE=", "ERROR_FD="};
  if (!strncmp(variable, "SMTP_", 5) || !strncmp(variable, "SPF_", 4)) return true;
  size_t name_len = strcspn(variable, "=");
  if (name_len > 7 && !memcmp(variable + name_len - 7, "_RESULT", 7)) return true;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strncmp(variable, names[i], strlen(names[i]))) return true;
  return false;
}

/* Names whose values only the session itself can know: a hook cannot hand them back. */
bool environment_owns(char const *fact) {
  static char const *const names[] = {
      "SMTP_HELO=",         "SMTP_PROTO=",     "SMTP_AUTH_USER=",  "SMTP_AUTH_METHOD=",
      "SMTP_AUTH_SENDERS=", "SMTP_MAIL_FROM=", "SMTP_SIZE=",       "SMTP_BODY=",
      "SMTP_UTF8=",         "SMTP_RCPT_TO=",   "SMTP_RCPT_COUNT=", "SMTP_COMMAND="};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strncmp(fact, names[i], strlen(names[i]))) return true;
  return false;
}

static void take_session_id(session_t *session) {
  char const *id = getenv("SESSION_ID");
  if (id && chain_id_valid(id))
    memcpy(session->id, id, CHAIN_ID_SIZE + 1);
  else
    chain_id_make(session->id);
  environment_drop("SESSION_ID=");
  log_session(session->id);
}

static void keep_variables(bool (*dropped)(char const *variable, char const *prefix),
                           char const *prefix) {
  char **to = environ;
  for (char **from = environ; *from; from++)
    if (!dropped(*from, prefix)) *to++ = *from;
  *to = NULL;
}

static bool dropped_as_ours(char const *variable, char const *unused) {
  (void)unused;
  return is_ours(variable);
}

static bool dropped_by_prefix(char const *variable, char const *prefix) {
  return !strncmp(variable, prefix, strlen(prefix));
}

void environment_drop(char const *prefix) {
  keep_variables(dropped_by_prefix, prefix);
}

void environment_init(session_t *session) {
  keep_variables(dropped_as_ours, NULL);
  take_session_id(session);
}

char const *environment_get(session_t const *session, char const *name) {
  facts_t const *const layers[] = {&session->transaction_facts, &session->session_facts,
                                   &session->connection_facts};
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
    char const *value = facts_get(layers[i], name);
    if (value) return value;
  }
  return getenv(name);
}

/* ---- UCSPI variables ---- */

#define NAME_MAX_BYTES 128

void environment_unset(session_t *session, char const *name) {
  char prefix[NAME_MAX_BYTES + 1];
  facts_unset(&session->connection_facts, name);
  if (strlen(name) >= NAME_MAX_BYTES) return;
  strcpy(stpcpy(prefix, name), "=");
  environment_drop(prefix);
}

typedef struct ucspi_name {
  char s[NAME_MAX_BYTES];
} ucspi_name_t;

static ucspi_name_t ucspi_name(session_t const *session, char const *suffix) {
  ucspi_name_t name = {""};
  char const *protocol = environment_get(session, "PROTO");
  if (!protocol || strlen(protocol) + strlen(suffix) >= sizeof name.s) protocol = "TCP";
  strcpy(name.s, protocol);
  strcat(name.s, suffix);
  return name;
}

char const *environment_ucspi(session_t const *session, char const *suffix) {
  return environment_get(session, ucspi_name(session, suffix).s);
}

void environment_set_ucspi(session_t *session, char const *suffix, char const *value) {
  ucspi_name_t name = ucspi_name(session, suffix);
  if (!value || facts_set_value(&session->connection_facts, name.s, value) < 0)
    environment_unset(session, name.s);
}

/* ---- the environment of a link ---- */

static char const *variables[VARIABLES_MAX + 1];
static size_t variables_count;
static char own[OWN_BYTES];
static size_t own_len;

static void add(char const *variable) {
  if (variables_count < VARIABLES_MAX) variables[variables_count++] = variable;
}

/* Adds NAME=value; NULL is no value. */
static void add_own(char const *name, char const *value) {
  if (!value) return;
  size_t name_len = strlen(name), value_len = strlen(value);
  if (name_len + value_len + 2 > OWN_BYTES - own_len) return;
  char *to = own + own_len;
  memcpy(to, name, name_len);
  to[name_len] = '=';
  memcpy(to + name_len + 1, value, value_len + 1);
  own_len += name_len + value_len + 2;
  add(to);
}

static bool set_by(facts_t const *facts, char const *variable) {
  if (!facts->len) return false;
  size_t position = 0, name_len = strcspn(variable, "=") + 1;
  for (char const *fact; (fact = facts_next(facts, &position));)
    if (!strncmp(fact, variable, name_len)) return true;
  return false;
}

/* Adds a variable that no later layer sets again. */
static void add_below(char const *variable, facts_t const *const *later, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (set_by(later[i], variable)) return;
  add(variable);
}

static void add_facts(facts_t const *facts, facts_t const *const *later, size_t count) {
  size_t position = 0;
  for (char const *fact; (fact = facts_next(facts, &position));) add_below(fact, later, count);
}

static void add_layers(session_t const *session) {
  facts_t const *const layers[] = {&session->connection_facts, &session->session_facts,
                                   &session->transaction_facts};
  size_t const count = sizeof layers / sizeof *layers;
  for (char **variable = environ; *variable; variable++) add_below(*variable, layers, count);
  for (size_t i = 0; i < count; i++) add_facts(layers[i], layers + i + 1, count - i - 1);
}

static void add_transaction(transaction_t const *transaction) {
  if (!transaction->begun) return;
  char count[SIZE_FMT];
  count[size_fmt(count, transaction->recipients)] = 0;
  add_own("QUEUE_ID", transaction->id);
  add_own("SMTP_MAIL_FROM", transaction->sender.address);
  add_own("SMTP_RCPT_COUNT", count);
  add_own("SMTP_BODY", transaction->body);
  add_own("SMTP_SIZE", unless_empty(transaction->size));
  add_own("SMTP_UTF8", transaction->utf8 ? "1" : NULL);
}

char const *environment_protocol(session_t const *session) {
  return smtp_protocol_name((smtp_protocol_t){.extended = session->extended,
                                              .lmtp = session->options.lmtp,
                                              .utf8 = session->transaction.utf8,
                                              .tls = session->tls == TLS_ACTIVE,
                                              .auth = *session->auth_user});
}

char const *const *environment_build(session_t const *session, char const *fact) {
  transaction_t const *transaction = &session->transaction;
  variables_count = own_len = 0;
  add("ERROR_FD=4");
  if (fact) add(fact);
  add_own("SESSION_ID", session->id);
  add_own("SMTP_HELO", unless_empty(session->helo));
  add_own("SMTP_PROTO", environment_protocol(session));
  add_own("SMTP_AUTH_USER", unless_empty(session->auth_user));
  add_own("SMTP_AUTH_METHOD", session->auth_method);
  add_transaction(transaction);
  add_layers(session); /* last: of these some may be left out */
  variables[variables_count] = NULL;
  return variables;
}
