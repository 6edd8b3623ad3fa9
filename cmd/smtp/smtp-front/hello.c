#include <string.h>

#include "session.h"

static void log_refusal(char const *event, char const *helo, reply_t const *reply) {
  log_line_t line;
  log_start(&line, PROGRAM, event);
  if (helo) log_str(&line, "helo", helo);
  log_uint(&line, "verdict", reply->code);
  log_str(&line, "reason", reply->text);
  log_send(&line);
}

reply_t session_greet(session_t *session) {
  reply_t reply;
  if (hook_run(session, HOOK_CONNECT, NULL, &reply) == HOOK_REFUSED) {
    log_refusal("connect", NULL, &reply);
    session->refused = true;
    return reply;
  }
  char text[2 * CONF_VALUE_MAX + 16];
  char *end = stpcpy(text, session->conf.text[CONF_ME]);
  end = stpcpy(end, session->options.lmtp ? " LMTP " : " ESMTP ");
  stpcpy(end, session->conf.text[CONF_GREETING]);
  return reply_get(REPLY_GREETING, text);
}

void session_forget(session_t *session) {
  transaction_reset(session);
  session->refused = session->extended = false;
  *session->helo = 0;
  auth_forget(session);
  session->session_facts.len = 0;
}

/* Whatever single word of printable ASCII the client calls itself: which names are welcome is for a
   hook to say. A client cannot know of SMTPUTF8 yet (RFC 6531 3.7.1). */
reply_name_t check_hello(session_t *session, argument_t argument) {
  (void)session;
  if (!argument.len || argument.len > SMTP_DOMAIN_MAX) return REPLY_BAD_HELO;
  for (size_t i = 0; i < argument.len; i++)
    if (argument.s[i] <= ' ' || argument.s[i] >= 0x7f) return REPLY_BAD_HELO;
  return REPLY_NONE;
}

/* A repeated greeting resets the transaction (RFC 5321 4.1.4). */
static reply_t greet(session_t *session, argument_t argument) {
  reply_t reply = {0};
  transaction_reset(session);
  memcpy(session->helo, argument.s, argument.len);
  session->helo[argument.len] = 0;
  if (hook_run(session, HOOK_HELO, NULL, &reply) == HOOK_REFUSED) {
    log_refusal("helo", session->helo, &reply);
    *session->helo = 0;
  }
  return reply;
}

reply_t proceed_helo(session_t *session, argument_t argument) {
  session->extended = false;
  reply_t refusal = greet(session, argument);
  return refusal.code ? refusal : reply_get(REPLY_HELO, session->conf.text[CONF_ME]);
}

reply_t proceed_ehlo(session_t *session, argument_t argument) {
  session->extended = true;
  reply_t refusal = greet(session, argument);
  if (refusal.code) return refusal;
  char text[CHAIN_TEXT_MAX];
  extensions_list(session, text, sizeof text);
  return reply_get(REPLY_HELO, text);
}
