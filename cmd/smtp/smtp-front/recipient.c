#include <errno.h>
#include <string.h>

#include "session.h"

/* ---- the parameters of RCPT ---- */

static reply_name_t take_notify(session_t *session, smtp_parameter_t *parameter) {
  (void)session;
  bool valid = parameter->value && smtp_notify_valid(parameter->value, parameter->value_len);
  return valid ? REPLY_NONE : REPLY_BAD_PARAMETER;
}

static reply_name_t take_orcpt(session_t *session, smtp_parameter_t *parameter) {
  smtp_charset_t charset = session->transaction.utf8 ? SMTP_UTF8 : SMTP_ASCII;
  bool valid =
      parameter->value && smtp_orcpt_valid(parameter->value, parameter->value_len, charset);
  return valid ? REPLY_NONE : REPLY_BAD_PARAMETER;
}

static esmtp_parameter_t const rcpt_parameters[] = {
    {"NOTIFY", EXTENSION_DSN, true, take_notify},
    {"ORCPT", EXTENSION_DSN, true, take_orcpt},
    {NULL, 0, false, NULL},
};

/* ---- who is welcome ---- */

typedef enum standing { STANDING_STRANGER, STANDING_CLIENT } standing_t;

/* What the routes say, and who asks: only those who may relay send to domains that are not ours. */
static reply_name_t const decisions[][2] = {
    [ROUTE_FOUND] = {REPLY_RCPT_OK, REPLY_RCPT_OK},
    [ROUTE_NO_DOMAIN] = {REPLY_RELAY_DENIED, REPLY_RCPT_OK},
    [ROUTE_NO_USER] = {REPLY_NO_USER, REPLY_NO_USER},
    [ROUTE_BROKEN] = {REPLY_ROUTES_BROKEN, REPLY_ROUTES_BROKEN},
};

static void log_broken_routes(char const *address, int error) {
  log_line_t line;
  log_start(&line, PROGRAM, "routes-broken");
  log_str(&line, "rcpt", address);
  log_errno(&line, error);
  log_send(&line);
}

static route_status_t check_routes(session_t *session, char const *address) {
  if (!session->routes_opened) session->routes_opened = !route_open(&session->routes, NULL);
  if (!session->routes_opened) return ROUTE_BROKEN;
  return route_check(&session->routes, address, strlen(address));
}

static reply_t ask_routes(session_t *session, char const *address) {
  route_status_t status = check_routes(session, address);
  if (status == ROUTE_BROKEN) log_broken_routes(address, errno);
  standing_t standing = session_may_relay(session) ? STANDING_CLIENT : STANDING_STRANGER;
  return reply_get(decisions[status][standing], NULL);
}

static reply_t ask(session_t *session, char const *address) {
  static char fact[sizeof "SMTP_RCPT_TO=" + RECIPIENT_MAX];
  reply_t reply;
  strcpy(stpcpy(fact, "SMTP_RCPT_TO="), address);
  switch (hook_run(session, HOOK_RCPT, fact, &reply)) {
  case HOOK_REFUSED: return reply;
  case HOOK_ACCEPTED: return reply_get(REPLY_RCPT_OK, NULL);
  default: return ask_routes(session, address);
  }
}

/* ---- RCPT ---- */

reply_name_t check_rcpt(session_t *session, argument_t argument) {
  (void)argument;
  if (!session->transaction.begun) return REPLY_MAIL_FIRST;
  if (session->transaction.chunked) return REPLY_CHUNKS_ONLY;
  bool full = session->transaction.recipients >= session->conf.number[CONF_RECIPIENTS];
  return full ? REPLY_TOO_MANY_RECIPIENTS : REPLY_NONE;
}

/* Appends s to an address. False if it gets too long. */
static bool extend(char *address, char const *s) {
  size_t len = strlen(address);
  if (strlen(s) > RECIPIENT_MAX - len) return false;
  strcpy(address + len, s);
  return true;
}

/* <postmaster> is this host's. Where the host's name is none of the domains that have routes it
   stays as it is, if the routes know it so: it must be reached (RFC 5321 4.5.1). */
static bool complete_postmaster(session_t *session, char *address) {
  static char const bare[] = "postmaster";
  if (!extend(address, "@") || !extend(address, session->conf.text[CONF_ME])) return false;
  if (check_routes(session, address) == ROUTE_NO_DOMAIN &&
      check_routes(session, bare) == ROUTE_FOUND)
    strcpy(address, bare);
  return true;
}

/* RELAYCLIENT is appended as qmail-smtpd does it. */
static bool complete_address(session_t *session, smtp_path_t const *path, char *address) {
  char const *suffix = environment_get(session, "RELAYCLIENT");
  memcpy(address, path->address, path->len + 1);
  if (!strchr(address, '@') && !complete_postmaster(session, address)) return false;
  return !suffix || extend(address, suffix);
}

static reply_t take_rcpt(session_t *session, argument_t argument, char *address,
                         parameter_record_t *record) {
  smtp_path_t path;
  unsigned int utf8 = session->transaction.utf8 ? SMTP_PATH_UTF8_OK : 0;
  reply_name_t objection = path_take(
      &argument, "TO:", &path, SMTP_PATH_POSTMASTER | SMTP_PATH_BARE | utf8, REPLY_BAD_RECIPIENT);
  if (!objection && !complete_address(session, &path, address)) objection = REPLY_BAD_RECIPIENT;
  if (objection) return reply_get(objection, NULL);
  return parameters_take(session, rcpt_parameters, argument, record);
}

static reply_t keep_recipient(session_t *session, char const *address,
                              parameter_record_t const *record) {
  size_t size = strlen(address) + 1;
  if (spill_put(&session->envelope, "T", 1) < 0 ||
      spill_put(&session->envelope, address, size) < 0 ||
      parameters_keep(session, address, record) < 0)
    return reply_get(REPLY_STORAGE, NULL);
  memcpy(session->transaction.recipient, address, size);
  session->transaction.recipients++;
  return reply_get(REPLY_RCPT_OK, NULL);
}

/* address is NULL if the recipient was not understood. */
static void log_rcpt(session_t const *session, char const *address, argument_t argument,
                     reply_t const *reply) {
  log_line_t line;
  log_start(&line, PROGRAM, "rcpt");
  log_str(&line, "id", session->transaction.id);
  log_str(&line, "from", session->transaction.sender.address);
  if (address)
    log_str(&line, "rcpt", address);
  else
    log_bytes(&line, "said", argument.s, argument.len);
  log_uint(&line, "verdict", reply->code);
  if (reply->code >= 400) log_str(&line, "reason", reply->text);
  log_send(&line);
}

reply_t proceed_rcpt(session_t *session, argument_t argument) {
  static parameter_record_t record;
  static char address[RECIPIENT_MAX + 1];
  reply_t reply = take_rcpt(session, argument, address, &record);
  bool understood = !reply.code;
  if (understood) reply = ask(session, address);
  if (reply.code == 250) reply = keep_recipient(session, address, &record);
  log_rcpt(session, understood ? address : NULL, argument, &reply);
  return reply;
}
