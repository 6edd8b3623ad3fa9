#include <string.h>

#include "session.h"

/* When a command may come, where TLS or a login is required. */
typedef enum turn { AT_ONCE, AFTER_TLS, AFTER_LOGIN } turn_t;

typedef struct command {
  char const *verb;
  /* May the command come now, and is its argument of the right kind? REPLY_NONE, or why not. */
  reply_name_t (*check)(session_t *session, argument_t argument);
  reply_t (*proceed)(session_t *session, argument_t argument);
  turn_t turn;
  /* What else a refusal takes; NULL: nothing. */
  reply_t (*refuse)(session_t *session, argument_t argument, reply_name_t objection);
} command_t;

/* ---- checks and steps of the small commands ---- */

static reply_name_t check_nothing(session_t *session, argument_t argument) {
  (void)session;
  (void)argument;
  return REPLY_NONE;
}

static reply_name_t check_no_argument(session_t *session, argument_t argument) {
  (void)session;
  return argument.len ? REPLY_ARGUMENT_UNWANTED : REPLY_NONE;
}

static reply_name_t check_some_argument(session_t *session, argument_t argument) {
  (void)session;
  return argument.len ? REPLY_NONE : REPLY_ARGUMENT_MISSING;
}

static reply_name_t check_not_lmtp(session_t *session, argument_t argument) {
  return session->options.lmtp ? REPLY_ONLY_LMTP : check_hello(session, argument);
}

static reply_name_t check_only_lmtp(session_t *session, argument_t argument) {
  return session->options.lmtp ? check_hello(session, argument) : REPLY_NOT_LMTP;
}

static reply_name_t not_implemented(session_t *session, argument_t argument) {
  (void)session;
  (void)argument;
  return REPLY_NOT_IMPLEMENTED;
}

static reply_t proceed_rset(session_t *session, argument_t argument) {
  (void)argument;
  transaction_reset(session);
  return reply_get(REPLY_RSET, NULL);
}

static reply_t proceed_noop(session_t *session, argument_t argument) {
  (void)session;
  (void)argument;
  return reply_get(REPLY_NOOP, NULL);
}

static reply_t proceed_quit(session_t *session, argument_t argument) {
  (void)argument;
  return reply_get(REPLY_QUIT, session->conf.text[CONF_ME]);
}

static reply_t proceed_vrfy(session_t *session, argument_t argument);
static reply_t proceed_help(session_t *session, argument_t argument);

static command_t const commands[] = {
    {"HELO", check_not_lmtp, proceed_helo, AFTER_TLS, NULL},
    {"EHLO", check_not_lmtp, proceed_ehlo, AT_ONCE, NULL},
    {"LHLO", check_only_lmtp, proceed_ehlo, AT_ONCE, NULL},
    {"AUTH", check_auth, proceed_auth, AFTER_TLS, NULL},
    {"MAIL", check_mail, proceed_mail, AFTER_LOGIN, NULL},
    {"RCPT", check_rcpt, proceed_rcpt, AFTER_LOGIN, NULL},
    {"DATA", check_data, proceed_data, AFTER_LOGIN, NULL},
    {"BDAT", check_bdat, proceed_bdat, AFTER_LOGIN, refuse_bdat},
    {"RSET", check_no_argument, proceed_rset, AFTER_TLS, NULL},
    {"NOOP", check_nothing, proceed_noop, AT_ONCE, NULL},
    {"QUIT", check_no_argument, proceed_quit, AT_ONCE, NULL},
    {"VRFY", check_some_argument, proceed_vrfy, AFTER_LOGIN, NULL},
    {"HELP", check_nothing, proceed_help, AFTER_TLS, NULL},
    {"STARTTLS", check_starttls, proceed_starttls, AT_ONCE, NULL},
    {"XCLIENT", check_xclient, proceed_xclient, AFTER_TLS, NULL},
    {"EXPN", not_implemented, NULL, AFTER_TLS, NULL},
    {"SEND", not_implemented, NULL, AFTER_TLS, NULL},
    {"SOML", not_implemented, NULL, AFTER_TLS, NULL},
    {"SAML", not_implemented, NULL, AFTER_TLS, NULL},
    {"TURN", not_implemented, NULL, AFTER_TLS, NULL},
};
#define COMMANDS (sizeof commands / sizeof *commands)

/* Could this session use it at all, now or later? */
static bool is_at_hand(session_t *session, command_t const *command) {
  reply_name_t objection = command->check(session, (argument_t){"", 0});
  return objection != REPLY_NOT_IMPLEMENTED && objection != REPLY_XCLIENT_DENIED &&
         objection != REPLY_NOT_LMTP && objection != REPLY_ONLY_LMTP;
}

static reply_t proceed_help(session_t *session, argument_t argument) {
  (void)argument;
  char list[256], *end = list;
  for (size_t i = 0; i < COMMANDS; i++)
    if (is_at_hand(session, &commands[i]))
      end = stpcpy(stpcpy(end, end == list ? "" : " "), commands[i].verb);
  return reply_get(REPLY_HELP, list);
}

/* ---- hooks that see a whole command ---- */

#define COMMAND_FACT "SMTP_COMMAND="

/* Asks a hook about the whole command; what is to be said when it does not object. */
static reply_t ask_hook(session_t *session, hook_t hook, reply_name_t passed) {
  static char fact[sizeof COMMAND_FACT + WIRE_LINE_MAX];
  size_t name_len = sizeof COMMAND_FACT - 1;
  memcpy(fact, COMMAND_FACT, name_len);
  memcpy(fact + name_len, session->command.s, session->command.len);
  fact[name_len + session->command.len] = 0;
  reply_t reply;
  switch (hook_run(session, hook, fact, &reply)) {
  case HOOK_REFUSED: return reply;
  case HOOK_ACCEPTED: return reply_get(REPLY_HOOK_OK, NULL);
  default: return reply_get(passed, NULL);
  }
}

static reply_t proceed_vrfy(session_t *session, argument_t argument) {
  (void)argument;
  return ask_hook(session, HOOK_VRFY, REPLY_VRFY);
}

/* ---- the loop ---- */

void session_end(session_t *session, char const *reason) {
  if (!session->end_reason) session->end_reason = reason;
}

void session_reply(session_t *session, reply_t const *reply) {
  if (reply->code) {
    bool plain = session->options.off[EXTENSION_ENHANCEDSTATUSCODES];
    wire_reply(&session->wire, reply->code, plain ? NULL : reply->enhanced, reply->text);
  }
  if (reply->close) session_end(session, reply_word(reply->name));
}

static command_t const *find_command(smtp_command_t const *command) {
  for (size_t i = 0; i < COMMANDS; i++)
    if (smtp_word_is(command->verb, command->verb_len, commands[i].verb)) return &commands[i];
  return NULL;
}

/* What holds for every command, whatever it is. */
static reply_name_t check_session(session_t const *session, command_t const *command) {
  bool anonymous = session->options.submission && !*session->auth_user;
  if (session->tls == TLS_REQUIRED && command->turn > AT_ONCE) return REPLY_TLS_FIRST;
  if (session->refused && command->proceed != proceed_quit) return REPLY_REFUSED_SESSION;
  if (anonymous && command->turn == AFTER_LOGIN) return REPLY_AUTH_FIRST;
  return REPLY_NONE;
}

static bool line_begins(argument_t line, char const *word) {
  size_t word_len = strlen(word);
  return line.len >= word_len && smtp_word_is(line.s, word_len, word);
}

/* A line that is no command is no harm, unless a chunk may follow it. */
static reply_t refuse_line(reply_name_t name, argument_t line) {
  return reply_get(line_begins(line, "BDAT") ? REPLY_BAD_CHUNK : name, NULL);
}

/* AUTH brings its initial response along (RFC 4954 4), all others are shorter. */
static reply_name_t check_length(argument_t line, wire_status_t status) {
  bool auth = line_begins(line, "AUTH ");
  if (status == WIRE_LONG) return auth ? REPLY_AUTH_LONG_LINE : REPLY_LONG_LINE;
  return line.len > WIRE_LINE_MAX && !auth ? REPLY_LONG_LINE : REPLY_NONE;
}

/* Behind AUTH it may be a password of a client that did not wait: no hook is shown it. */
static reply_t answer_unknown(session_t *session) {
  return session->after_auth ? reply_get(REPLY_UNKNOWN, NULL)
                             : ask_hook(session, HOOK_UNKNOWN, REPLY_UNKNOWN);
}

static reply_t answer(session_t *session, argument_t line) {
  smtp_command_t parsed;
  if (smtp_command_parse(&parsed, line.s, line.len) < 0) return refuse_line(REPLY_BAD_LINE, line);
  session->command = line;
  command_t const *command = find_command(&parsed);
  if (!command) return answer_unknown(session);
  session->after_auth = command->proceed == proceed_auth;
  argument_t const argument = {parsed.argument, parsed.argument_len};
  reply_name_t objection = check_session(session, command);
  if (!objection) objection = command->check(session, argument);
  if (!objection) return command->proceed(session, argument);
  return command->refuse ? command->refuse(session, argument, objection)
                         : reply_get(objection, NULL);
}

/* Chunks that were on their way when one failed are no misdeed: clients pipeline them, and a
   session that was ended for them would be reset before its client reads what failed. */
static bool is_bad_command(reply_t const *reply) {
  if (reply->name == REPLY_CHUNK_FAILED) return false;
  return (reply->code >= 500 && reply->code <= 504) || reply->code == 530 || reply->code == 538 ||
         reply->code == 555;
}

static reply_t answer_within_limits(session_t *session, argument_t line, wire_status_t status) {
  conf_t const *conf = &session->conf;
  if (++session->commands > conf->number[CONF_COMMANDS])
    return reply_get(REPLY_TOO_MANY_COMMANDS, conf->text[CONF_ME]);
  reply_name_t objection = check_length(line, status);
  reply_t reply = objection ? refuse_line(objection, line) : answer(session, line);
  if (!is_bad_command(&reply)) return reply;
  bool enough = ++session->bad_commands > conf->number[CONF_BAD_COMMANDS];
  return enough ? reply_get(REPLY_TOO_MANY_BAD, conf->text[CONF_ME]) : reply;
}

/* What was said about AUTH does not stay in memory. */
static void take_line(session_t *session, argument_t line, wire_status_t status) {
  bool secret = session->after_auth || line_begins(line, "AUTH");
  reply_t const reply = answer_within_limits(session, line, status);
  session_reply(session, &reply);
  if (secret) wire_wipe(&session->wire);
}

/* What is said when a line does not come; to one who is gone there is nothing to say. */
static reply_name_t const farewells[] = {
    [WIRE_ENDLESS] = REPLY_ENDLESS_LINE, [WIRE_TIMEOUT] = REPLY_TIMEOUT,
    [WIRE_OVERTIME] = REPLY_OVERTIME,    [WIRE_GONE] = REPLY_NONE,
    [WIRE_BROKEN] = REPLY_NONE,
};

void session_break(session_t *session, wire_status_t status) {
  reply_t const farewell = reply_get(farewells[status], session->conf.text[CONF_ME]);
  session_reply(session, &farewell);
  session_end(session, status == WIRE_GONE ? "gone" : "broken");
}

/* A poll sees to the other half of the shortest timeout. */
void session_limit_reads(session_t *session) {
  uint64_t const *seconds = session->conf.number;
  uint64_t command = seconds[CONF_TIMEOUT_COMMAND], data = seconds[CONF_TIMEOUT_DATA];
  wire_limit_reads(&session->wire, (int64_t)(command < data ? command : data) * 500);
}

static void take_command(session_t *session) {
  char *line = NULL;
  size_t len = 0;
  unsigned int seconds = (unsigned int)session->conf.number[CONF_TIMEOUT_COMMAND];
  wire_status_t status = wire_line(&session->wire, seconds, SASL_LINE_MAX, &line, &len);
  if (status == WIRE_OK || status == WIRE_LONG)
    take_line(session, (argument_t){line, len}, status);
  else
    session_break(session, status);
}

static void log_end(session_t const *session) {
  log_line_t line;
  log_start(&line, PROGRAM, "end");
  log_str(&line, "reason", session->end_reason);
  log_uint(&line, "messages", session->messages);
  log_uint(&line, "commands", session->commands);
  log_uint(&line, "bad", session->bad_commands);
  log_send(&line);
}

void session_run(session_t *session) {
  reply_t reply = session_greet(session);
  session_reply(session, &reply);
  while (!session->end_reason) take_command(session);
  wire_flush(&session->wire);
  transaction_reset(session);
  hook_run(session, HOOK_DISCONNECT, NULL, &reply);
  log_end(session);
}
