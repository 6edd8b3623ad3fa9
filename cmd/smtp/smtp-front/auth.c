#include <string.h>
#include <sys/prctl.h>

#include "session.h"

#define ROUNDS_MAX 16 /* challenges of one exchange */
#define DELAY_MAX  60 /* seconds that a failed login waits at most */

/* ---- what is offered ------------------------------------------------------------------------ */

bool auth_configured(session_t const *session) {
  options_t const *options = &session->options;
  return (options->submission || options->auth_socket) && !options->off[EXTENSION_AUTH];
}

/* Where TLS is to be had, submission shows no password without it, whatever the setting says. */
static bool may_show_passwords(session_t const *session) {
  if (session->options.submission && session->tls != TLS_NONE) return false;
  return !strcmp(session->conf.text[CONF_AUTH_CLEAR_TEXT], "yes");
}

static sasl_channel_t find_channel(session_t const *session) {
  bool tls = session->tls == TLS_ACTIVE;
  return (sasl_channel_t){.tls = tls,
                          .end_point = tls && environment_get(session, "SSL_SERVER_END_POINT"),
                          .certificate = tls && environment_get(session, "SSL_PEER_CERT_HASH"),
                          .clear_text = may_show_passwords(session)};
}

/* The setting's order is the one that clients see: some take the first that they know. */
void auth_list(session_t const *session, char *text) {
  char const *list = session->conf.text[CONF_AUTH_MECHANISMS], *gap = "";
  sasl_channel_t channel = find_channel(session);
  bool listed[SASL_MECHANISMS + 1] = {[SASL_MECHANISMS] = true};
  *text = 0;
  for (size_t len; *list; list += len) {
    list += strspn(list, " \t");
    len = strcspn(list, " \t");
    sasl_mechanism_t mechanism = sasl_mechanism_find(list, len);
    if (listed[mechanism] || !sasl_mechanism_fits(mechanism, &channel)) continue;
    listed[mechanism] = true;
    text = stpcpy(stpcpy(text, gap), sasl_mechanism_table[mechanism].name);
    gap = " ";
  }
}

bool auth_stands_ready(session_t const *session) {
  char text[AUTH_LIST_MAX];
  if (!auth_configured(session) || session->tls == TLS_REQUIRED) return false;
  auth_list(session, text);
  return *text;
}

/* ---- who is who ----------------------------------------------------------------------------- */

static char const senders_fact[] = "SMTP_AUTH_SENDERS";

void auth_forget(session_t *session) {
  *session->auth_user = 0;
  session->auth_method = NULL;
  facts_unset(&session->session_facts, senders_fact);
}

bool auth_owns(session_t const *session, char const *address) {
  return smtp_sender_allowed(environment_get(session, senders_fact), session->auth_user,
                             session->conf.text[CONF_ME], address);
}

bool auth_take_user(session_t *session, char const *user, char const *senders) {
  if (strlen(user) > SASL_NAME_MAX) return false;
  if (!senders) senders = session->options.senders;
  if (senders && facts_set_value(&session->session_facts, senders_fact, senders) < 0) return false;
  strcpy(session->auth_user, user);
  return true;
}

/* Takes the success record over. False if it is none. */
static bool take_login(session_t *session, sasl_service_t const *service,
                       sasl_mechanism_t mechanism) {
  char const *user = unless_empty(sasl_service_fact(service, "AUTH_USER"));
  char const *senders = unless_empty(sasl_service_fact(service, "AUTH_SENDERS"));
  if (!user || !auth_take_user(session, user, senders)) return false;
  session->auth_method = sasl_mechanism_table[mechanism].name;
  return true;
}

/* ---- what comes of it ----------------------------------------------------------------------- */

/* What a failed login costs the client. */
typedef enum weight {
  WEIGHT_NONE,
  WEIGHT_COUNTED, /* among those that a session may have */
  WEIGHT_DELAYED  /* as well, and it is told late, so that guesses take time */
} weight_t;

static struct outcome {
  reply_name_t reply;
  weight_t weight;
} const outcomes[] = {
    [SASL_SUCCESS] = {REPLY_AUTH_OK, WEIGHT_NONE},
    [SASL_FAILED] = {REPLY_AUTH_FAILED, WEIGHT_DELAYED},
    [SASL_MALFORMED] = {REPLY_AUTH_MALFORMED, WEIGHT_COUNTED},
    [SASL_CANCELLED] = {REPLY_AUTH_CANCELLED, WEIGHT_NONE},
    [SASL_UNKNOWN] = {REPLY_AUTH_MECHANISM, WEIGHT_NONE},
    [SASL_UNFIT] = {REPLY_AUTH_NEEDS_TLS, WEIGHT_NONE},
    [SASL_TOO_WEAK] = {REPLY_AUTH_TOO_WEAK, WEIGHT_DELAYED},
    [SASL_TEMPORARY] = {REPLY_AUTH_TROUBLE, WEIGHT_COUNTED},
    [SASL_THROTTLED] = {REPLY_THROTTLED, WEIGHT_DELAYED},
};

/* The first failure waits as long as the setting says, each next one twice as long. Only one to
   whom nothing can be told any more does not: input behind it waits as well. */
static void wait_for_failure(session_t const *session) {
  uint64_t seconds = session->conf.number[CONF_AUTH_DELAY];
  for (unsigned int i = 1; i < session->auth_failures && seconds < DELAY_MAX; i++) seconds *= 2;
  if (seconds > DELAY_MAX) seconds = DELAY_MAX;
  if (seconds)
    wire_wait(&session->wire, session->wire.out, 0, clock_milliseconds() + (int64_t)seconds * 1000);
}

/* Counts a failed login. What is to be said: its reply, or a farewell behind it. */
static reply_t fail(session_t *session, reply_t reply, weight_t weight) {
  session->auth_failures++;
  wire_flush(&session->wire);
  if (weight == WEIGHT_DELAYED) wait_for_failure(session);
  bool enough = session->auth_failures >= session->conf.number[CONF_AUTH_ATTEMPTS];
  if (reply.close || !enough) return reply;
  session_reply(session, &reply);
  return reply_get(REPLY_TOO_MANY_LOGINS, session->conf.text[CONF_ME]);
}

static void log_auth(session_t const *session, sasl_mechanism_t mechanism, reply_t const *reply) {
  log_line_t line;
  log_start(&line, PROGRAM, "auth");
  if (mechanism < SASL_MECHANISMS) log_str(&line, "method", sasl_mechanism_table[mechanism].name);
  if (*session->auth_user) log_str(&line, "user", session->auth_user);
  log_uint(&line, "verdict", reply->code);
  if (reply->code >= 400) log_str(&line, "reason", reply->text);
  log_send(&line);
}

/* The last word is a hook's. */
static reply_t welcome(session_t *session, sasl_mechanism_t mechanism) {
  reply_t reply;
  bool refused = hook_run(session, HOOK_AUTH, NULL, &reply) == HOOK_REFUSED;
  if (!refused) reply = reply_get(REPLY_AUTH_OK, NULL);
  log_auth(session, mechanism, &reply);
  if (!refused) return reply;
  auth_forget(session);
  return fail(session, reply, WEIGHT_DELAYED);
}

/* What the client is told of a result. */
static reply_t settle(session_t *session, sasl_mechanism_t mechanism, sasl_result_t result,
                      sasl_service_t const *service) {
  bool success = result == SASL_SUCCESS && take_login(session, service, mechanism);
  service_close(); /* it does not wait for the next attempt, nor while a failure does */
  if (success) return welcome(session, mechanism);
  if (result == SASL_SUCCESS) result = SASL_TEMPORARY;
  struct outcome const *outcome = &outcomes[result];
  reply_t reply = reply_get(outcome->reply, session->conf.text[CONF_ME]);
  log_auth(session, mechanism, &reply);
  return outcome->weight ? fail(session, reply, outcome->weight) : reply;
}

/* ---- the exchange --------------------------------------------------------------------------- */

/* The service is told what the client said; "*" in its place where that is no line of an exchange.
 */
static sasl_result_t hand_on(sasl_service_t *service, char *line, size_t len) {
  bool valid = smtp_auth_line_valid(line, len);
  if (valid) line[len] = 0; /* there was its end */
  sasl_result_t result = sasl_service_answer(service, valid ? line : "*");
  return !valid && result == SASL_CANCELLED ? SASL_MALFORMED : result;
}

/* The client has gone, or goes on without end. */
static reply_t break_off(session_t *session, wire_status_t status) {
  service_close();
  if (status == WIRE_LONG) return reply_get(REPLY_AUTH_LONG_LINE, NULL);
  session_break(session, status);
  return (reply_t){0};
}

/* A service that asks without end, or what nobody could answer, is none. */
static bool can_ask(sasl_service_t const *service, unsigned int round) {
  size_t len = strlen(service->text);
  return round < ROUNDS_MAX && len <= WIRE_CHALLENGE_MAX &&
         smtp_auth_line_valid(service->text, len);
}

static reply_t converse(session_t *session, sasl_mechanism_t mechanism, sasl_service_t *service,
                        sasl_result_t result) {
  unsigned int seconds = (unsigned int)session->conf.number[CONF_TIMEOUT_COMMAND];
  for (unsigned int round = 0; result == SASL_CHALLENGE; round++) {
    char *line;
    size_t len;
    if (!can_ask(service, round)) return settle(session, mechanism, SASL_TEMPORARY, NULL);
    wire_challenge(&session->wire, service->text);
    wire_status_t status = wire_line(&session->wire, seconds, SASL_LINE_MAX, &line, &len);
    if (status) return break_off(session, status);
    result = hand_on(service, line, len);
  }
  return settle(session, mechanism, result, service);
}

static reply_t start(session_t *session, sasl_mechanism_t mechanism, smtp_auth_t const *auth) {
  static char initial[SASL_LINE_MAX + 1];
  sasl_service_t *service = service_open(session);
  if (!service) return settle(session, mechanism, SASL_TEMPORARY, NULL);
  if (auth->initial) memcpy(initial, auth->initial, auth->initial_len);
  initial[auth->initial_len] = 0;
  sasl_result_t result = sasl_service_start(service, sasl_mechanism_table[mechanism].name,
                                            auth->initial ? initial : NULL);
  explicit_bzero(initial, auth->initial_len);
  return converse(session, mechanism, service, result);
}

/* ---- AUTH (RFC 4954 4) ---------------------------------------------------------------------- */

reply_name_t check_auth(session_t *session, argument_t argument) {
  if (!auth_configured(session)) return REPLY_NOT_IMPLEMENTED;
  if (!argument.len) return REPLY_ARGUMENT_MISSING;
  if (!*session->helo) return REPLY_HELO_FIRST;
  if (*session->auth_user) return REPLY_AUTH_ALREADY;
  return session->transaction.begun ? REPLY_AUTH_LATE : REPLY_NONE;
}

/* May this client use it? */
static sasl_result_t check_mechanism(session_t const *session, sasl_mechanism_t mechanism) {
  sasl_channel_t channel = find_channel(session);
  if (!sasl_mechanism_listed(session->conf.text[CONF_AUTH_MECHANISMS], mechanism))
    return SASL_UNKNOWN;
  if (sasl_mechanism_fits(mechanism, &channel)) return SASL_CHALLENGE;
  return channel.tls ? SASL_UNKNOWN : SASL_UNFIT;
}

reply_t proceed_auth(session_t *session, argument_t argument) {
  smtp_auth_t auth;
  if (smtp_auth_parse(&auth, argument.s, argument.len) < 0 || auth.initial_len > SASL_LINE_MAX)
    return reply_get(REPLY_AUTH_MALFORMED, NULL);
  sasl_mechanism_t mechanism = sasl_mechanism_find(auth.mechanism, auth.mechanism_len);
  sasl_result_t objection = check_mechanism(session, mechanism);
  if (objection != SASL_CHALLENGE) return settle(session, mechanism, objection, NULL);
  if (auth.initial && sasl_mechanism_table[mechanism].has_no_initial)
    return reply_get(REPLY_AUTH_UNASKED, NULL);
  prctl(PR_SET_DUMPABLE, 0); /* a core would hold a password */
  return start(session, mechanism, &auth);
}
