/* The way from a connection to a session that is ready: greeting, EHLO, STARTTLS, EHLO, login. */
#include <bearssl.h>
#include <errno.h>
#include <string.h>

#include "internal.h"

/* For servers that nobody knows: weak TLS is better than none. */
static tls_client_settings_t const anybody = {
    .policy = TLS_POLICY_ANY, .min_version = BR_TLS10, .weak_suites = true};

void relay_ready(relay_t *relay) {
  relay->stage = RELAY_STAGE_READY;
  relay->phase = PHASE_READY;
  relay->state = RELAY_READY;
  relay->deadline = UINT64_MAX;
}

static void take_offer(void *data, size_t index, char const *text, size_t len) {
  relay_t *const relay = data;
  if (index) relay_offers_add(&relay->offers, text, len);
}

static void say_hello(relay_t *relay, relay_phase_t phase) {
  char const *const verb = phase == PHASE_HELO                      ? "HELO "
                           : relay->settings.protocol == RELAY_LMTP ? "LHLO "
                                                                    : "EHLO ";
  relay->offers = (relay_offers_t){.size = 0};
  relay->stage = RELAY_STAGE_HELLO;
  relay_reply_init(&relay->reply, phase == PHASE_EHLO ? take_offer : NULL, relay);
  relay_say(relay, (char const *[]){verb, relay->settings.helo, NULL});
  relay_enter(relay, phase, RELAY_HELLO);
}

static void start_handshake(relay_t *relay) {
  tls_client_settings_t const *const settings = relay->settings.tls;
  relay->stage = RELAY_STAGE_TLS;
  relay->tls = tls_client_start(settings ? settings : &anybody);
  if (relay->tls)
    relay_enter(relay, PHASE_HANDSHAKE, RELAY_HANDSHAKE);
  else
    relay_fail(relay, "4.7.5", "TLS cannot begin", strerror(errno));
}

static bool wants_tls(relay_t const *relay) {
  relay_security_t const security = relay->settings.security;
  if (relay->tls || security == RELAY_PLAIN || security == RELAY_IMPLICIT) return false;
  return security == RELAY_REQUIRED || relay->offers.has[RELAY_STARTTLS];
}

static void proceed_with_login(relay_t *relay) {
  if (relay->settings.login)
    relay_login_start(relay);
  else
    relay_ready(relay);
}

/* The next step on the way to RELAY_READY. */
static void proceed(relay_t *relay) {
  if (!wants_tls(relay)) {
    proceed_with_login(relay);
  } else if (!relay->offers.has[RELAY_STARTTLS]) {
    relay->stage = RELAY_STAGE_TLS;
    relay_fail(relay, "4.7.4", "the server does not offer STARTTLS", NULL);
  } else {
    relay->stage = RELAY_STAGE_TLS;
    relay_say(relay, (char const *[]){"STARTTLS", NULL});
    relay_enter(relay, PHASE_STARTTLS, RELAY_HELLO);
  }
}

/* ---- answers ---- */

void relay_greeting_answer(relay_t *relay) {
  if (relay_reply_class(relay) == 2)
    say_hello(relay, PHASE_EHLO);
  else if (relay_reply_class(relay) == 3)
    relay_nonsense(relay);
  else
    relay_refuse(relay);
}

static void ignore_some(relay_t *relay) {
  for (size_t i = 0; i < RELAY_EXTENSIONS; i++)
    if (relay->settings.ignored[i]) relay->offers.has[i] = false;
}

static void ehlo_answer(relay_t *relay) {
  relay_reply_init(&relay->reply, NULL, NULL);
  ignore_some(relay);
  proceed(relay);
}

/* A server that cannot EHLO gets HELO; under TLS it could before. */
void relay_hello_answer(relay_t *relay) {
  bool const may_fall_back = relay->phase == PHASE_EHLO && relay_reply_class(relay) == 5 &&
                             relay->settings.protocol == RELAY_SMTP && !relay->tls;
  if (relay_reply_class(relay) == 2)
    ehlo_answer(relay);
  else if (may_fall_back)
    say_hello(relay, PHASE_HELO);
  else if (relay_reply_class(relay) == 3)
    relay_nonsense(relay);
  else
    relay_refuse(relay);
}

/* What came behind the 220 was said by somebody in the middle (CVE-2011-0411). */
void relay_starttls_answer(relay_t *relay) {
  bool const behind = relay->in_start < relay->in_end;
  if (relay_reply_class(relay) == 2 && behind)
    relay_fail(relay, "4.7.0", "the server said more before TLS began", NULL);
  else if (relay_reply_class(relay) == 2)
    start_handshake(relay);
  else if (relay->settings.security == RELAY_OPPORTUNISTIC)
    proceed_with_login(relay);
  else
    relay_fail(relay, "4.7.4", "the server refuses STARTTLS", relay->reply.text);
}

/* ---- what is no answer ---- */

static void await_greeting(relay_t *relay) {
  relay->stage = RELAY_STAGE_GREETING;
  relay_enter(relay, PHASE_GREETING, RELAY_GREETING);
}

void relay_connected(relay_t *relay) {
  if (relay->settings.security == RELAY_IMPLICIT)
    start_handshake(relay);
  else
    await_greeting(relay);
}

void relay_check_handshake(relay_t *relay) {
  tls_client_state_t const state = tls_client_state(relay->tls);
  if (state == TLS_CLIENT_HANDSHAKE) return;
  if (state != TLS_CLIENT_OPEN) {
    relay_flush(relay);
    relay_fail(relay, "4.7.5", "TLS failed", tls_client_reason(relay->tls));
  } else if (relay->settings.security == RELAY_IMPLICIT) {
    await_greeting(relay);
  } else {
    say_hello(relay, PHASE_EHLO);
  }
}
