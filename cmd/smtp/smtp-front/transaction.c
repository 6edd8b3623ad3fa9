#include <unistd.h>

#include <skalibs/types.h>

#include "session.h"

/* A rule, a hook or DATABYTES in the environment goes before the setting. */
uint64_t session_size_limit(session_t const *session) {
  uint64_t limit;
  char const *databytes = environment_get(session, "DATABYTES");
  if (databytes && uint640_scan(databytes, &limit)) return limit;
  return session->conf.number[CONF_DATABYTES];
}

bool session_may_relay(session_t const *session) {
  return environment_get(session, "RELAYCLIENT") || *session->auth_user;
}

void session_init(session_t *session) {
  buffers_t *buffers = &session->buffers;
  session->connection_facts.bytes = buffers->connection_facts;
  session->session_facts.bytes = buffers->session_facts;
  session->transaction_facts.bytes = buffers->transaction_facts;
  spill_init(&session->envelope, buffers->envelope);
  spill_init(&session->parameters, buffers->parameters);
  session->transaction = (transaction_t){.message.fd = -1};
  session->results = -1;
}

void transaction_reset(session_t *session) {
  if (session->transaction.message.fd >= 0) close(session->transaction.message.fd);
  if (session->results >= 0) close(session->results);
  spill_reset(&session->envelope);
  spill_reset(&session->parameters);
  session->transaction_facts.len = 0;
  session->transaction = (transaction_t){.message.fd = -1};
  session->results = -1;
  session->results_lost = false;
}

/* ---- the parameters of MAIL ---- */

static reply_name_t take_size(session_t *session, smtp_parameter_t *parameter) {
  transaction_t *transaction = &session->transaction;
  uint64_t size;
  if (!parameter->value || smtp_size_parse(&size, parameter->value, parameter->value_len) < 0)
    return REPLY_BAD_PARAMETER;
  if (transaction->limit && size > transaction->limit) return REPLY_TOO_BIG;
  transaction->size[uint64_fmt(transaction->size, size)] = 0;
  return REPLY_NONE;
}

/* BINARYMIME is a parameter we do not implement, not a syntax error. */
static reply_name_t take_body(session_t *session, smtp_parameter_t *parameter) {
  static char const *const bodies[] = {"7BIT", "8BITMIME"};
  if (!parameter->value) return REPLY_BAD_PARAMETER;
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
    if (smtp_word_is(parameter->value, parameter->value_len, bodies[i])) {
      session->transaction.body = bodies[i];
      return REPLY_NONE;
    }
  return REPLY_UNKNOWN_PARAMETER;
}

static reply_name_t take_smtputf8(session_t *session, smtp_parameter_t *parameter) {
  if (parameter->value) return REPLY_BAD_PARAMETER;
  session->transaction.utf8 = true;
  return REPLY_NONE;
}

static reply_name_t take_ret(session_t *session, smtp_parameter_t *parameter) {
  (void)session;
  bool valid = parameter->value && (smtp_word_is(parameter->value, parameter->value_len, "FULL") ||
                                    smtp_word_is(parameter->value, parameter->value_len, "HDRS"));
  return valid ? REPLY_NONE : REPLY_BAD_PARAMETER;
}

static reply_name_t take_envid(session_t *session, smtp_parameter_t *parameter) {
  (void)session;
  bool valid = parameter->value && parameter->value_len <= SMTP_ENVID_MAX &&
               smtp_xtext_valid(parameter->value, parameter->value_len);
  return valid ? REPLY_NONE : REPLY_BAD_PARAMETER;
}

/* Who relays may say who submitted a message; who logged in, what is its own. Of others it is taken
   as if they had said "<>" (RFC 4954 5). */
static bool vouches_for(session_t const *session, char const *address) {
  return *session->auth_user ? auth_owns(session, address)
                             : environment_get(session, "RELAYCLIENT") != NULL;
}

static reply_name_t take_auth(session_t *session, smtp_parameter_t *parameter) {
  smtp_path_t path;
  if (!parameter->value || smtp_auth_path_parse(&path, parameter->value, parameter->value_len) < 0)
    return REPLY_BAD_PARAMETER;
  if (vouches_for(session, path.address)) return REPLY_NONE;
  parameter->value = "<>";
  parameter->value_len = 2;
  return REPLY_NONE;
}

static esmtp_parameter_t const mail_parameters[] = {
    {"SIZE", EXTENSION_SIZE, false, take_size},
    {"BODY", EXTENSION_8BITMIME, false, take_body},
    {"SMTPUTF8", EXTENSION_SMTPUTF8, false, take_smtputf8},
    {"RET", EXTENSION_DSN, true, take_ret},
    {"ENVID", EXTENSION_DSN, true, take_envid},
    {"AUTH", EXTENSION_AUTH, true, take_auth},
    {"MT-PRIORITY", EXTENSION_MT_PRIORITY, true, take_priority},
    {"BY", EXTENSION_DELIVERBY, true, take_by},
    {"HOLDFOR", EXTENSION_FUTURERELEASE, true, take_holdfor},
    {"HOLDUNTIL", EXTENSION_FUTURERELEASE, true, take_holduntil},
    {NULL, 0, false, NULL},
};

/* ---- MAIL ---- */

reply_name_t check_mail(session_t *session, argument_t argument) {
  (void)argument;
  uint64_t most = session->options.messages;
  if (!*session->helo) return REPLY_HELO_FIRST;
  if (session->transaction.begun) return REPLY_MAIL_ALREADY;
  return most && session->messages >= most ? REPLY_TOO_MANY_MESSAGES : REPLY_NONE;
}

/* A login that a proxy tells of by XCLIENT is bound to its addresses in submission only. */
static bool is_foreign_sender(session_t const *session) {
  bool bound = session->auth_method || session->options.submission;
  return bound && !auth_owns(session, session->transaction.sender.address);
}

/* Understands the command into the transaction; a reply of code 0 if it can be accepted. */
static reply_t take_mail(session_t *session, argument_t argument, parameter_record_t *record) {
  transaction_t *transaction = &session->transaction;
  unsigned int utf8 = extension_offered(session, EXTENSION_SMTPUTF8) ? SMTP_PATH_UTF8_OK : 0;
  reply_name_t objection = path_take(&argument, "FROM:", &transaction->sender,
                                     SMTP_PATH_NULL | SMTP_PATH_BARE | utf8, REPLY_BAD_SENDER);
  if (objection) return reply_get(objection, NULL);
  transaction->limit = session_size_limit(session);
  reply_t refusal = parameters_take(session, mail_parameters, argument, record);
  if (refusal.code) return refusal;
  if (transaction->sender.utf8 && !transaction->utf8) return reply_get(REPLY_ADDRESS_UTF8, NULL);
  return is_foreign_sender(session) ? reply_get(REPLY_FOREIGN_SENDER, NULL) : refusal;
}

/* An acceptance is told with the recipients and with the message. A sender that was understood is
   told as an address, others as they came. */
static void log_refusal(session_t const *session, argument_t argument, reply_t const *reply) {
  transaction_t const *transaction = &session->transaction;
  log_line_t line;
  log_start(&line, PROGRAM, "mail");
  if (transaction->begun) {
    log_str(&line, "id", transaction->id);
    log_str(&line, "from", transaction->sender.address);
  } else {
    log_bytes(&line, "said", argument.s, argument.len);
  }
  log_uint(&line, "verdict", reply->code);
  log_str(&line, "reason", reply->text);
  log_send(&line);
}

/* Begins the transaction: hooks see it as begun, with its facts. */
static reply_t begin(session_t *session, parameter_record_t const *record) {
  transaction_t *transaction = &session->transaction;
  reply_t refusal = {0};
  chain_id_make(transaction->id);
  transaction->begun = true;
  if (hook_run(session, HOOK_MAIL, NULL, &refusal) == HOOK_REFUSED) return refusal;
  spill_t *envelope = &session->envelope;
  if (spill_put(envelope, "F", 1) < 0 ||
      spill_put(envelope, transaction->sender.address, transaction->sender.len + 1) < 0 ||
      parameters_keep(session, "", record) < 0)
    return reply_get(REPLY_STORAGE, NULL);
  return refusal;
}

reply_t proceed_mail(session_t *session, argument_t argument) {
  static parameter_record_t record;
  reply_t reply = take_mail(session, argument, &record);
  if (!reply.code) reply = begin(session, &record);
  if (!reply.code)
    return reply_get(session->transaction.lowered ? REPLY_MAIL_PRIORITY : REPLY_MAIL_OK, "0");
  log_refusal(session, argument, &reply);
  transaction_reset(session);
  return reply;
}
