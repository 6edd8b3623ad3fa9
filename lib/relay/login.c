#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <skalibs/fmtscan.h>

#include "base64/base64.h"
#include "internal.h"

/* Characters of a first message that a command line of 512 has room for. */
#define INITIAL_MAX 400

/* The best comes first. */
static sasl_mechanism_t const preferred[] = {
    SASL_SCRAM_SHA_256_PLUS,
    SASL_SCRAM_SHA_256,
    SASL_SCRAM_SHA_1_PLUS,
    SASL_SCRAM_SHA_1,
    SASL_CRAM_MD5,
    SASL_PLAIN,
    SASL_LOGIN,
    SASL_OAUTHBEARER,
    SASL_XOAUTH2,
    SASL_EXTERNAL,
};

static char const passwords[] = "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 "
                                "CRAM-MD5 PLAIN LOGIN";

static tls_report_t const *report_of(relay_t const *relay) {
  return relay->tls ? tls_client_report(relay->tls) : NULL;
}

static bool is_fit(relay_t const *relay, sasl_mechanism_t mechanism) {
  relay_login_t const *const login = relay->settings.login;
  tls_report_t const *const report = report_of(relay);
  sasl_channel_t const channel = {.tls = report,
                                  .end_point = report && report->end_point_len,
                                  .certificate = report,
                                  .clear_text = login->clear_text};
  return relay->offers.mechanisms & 1u << mechanism &&
         sasl_mechanism_offered(login->mechanisms ? login->mechanisms : passwords, mechanism,
                                &channel);
}

/* SASL_MECHANISMS: none that both have and that fits. */
static sasl_mechanism_t choose(relay_t const *relay) {
  for (size_t i = 0; i < sizeof preferred / sizeof *preferred; i++)
    if (is_fit(relay, preferred[i])) return preferred[i];
  return SASL_MECHANISMS;
}

static bool make_nonce(relay_t *relay) {
  char bytes[(sizeof relay->nonce - 1) / 2];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return false;
  relay->nonce[ucharn_fmt(relay->nonce, bytes, sizeof bytes)] = 0;
  return true;
}

static bool plus_is_offered(relay_t const *relay, sasl_mechanism_t mechanism) {
  bool const sha_256 = mechanism == SASL_SCRAM_SHA_256 || mechanism == SASL_SCRAM_SHA_256_PLUS;
  sasl_mechanism_t const plus = sha_256 ? SASL_SCRAM_SHA_256_PLUS : SASL_SCRAM_SHA_1_PLUS;
  return relay->offers.mechanisms & 1u << plus;
}

static void begin(relay_t *relay, sasl_mechanism_t mechanism) {
  relay_login_t const *const login = relay->settings.login;
  tls_report_t const *const report = report_of(relay);
  sasl_credentials_t credentials = {.name = login->name,
                                    .authzid = login->authzid,
                                    .secret = login->password,
                                    .nonce = relay->nonce,
                                    .plus_offered = plus_is_offered(relay, mechanism)};
  if (report && report->end_point_len) {
    credentials.end_point = report->end_point;
    credentials.end_point_len = report->end_point_len;
  }
  sasl_client_init(&relay->sasl, mechanism, &credentials);
  relay->is_logging_in = true;
}

/* Says what the mechanism has to say, after before, as base64. */
static void say(relay_t *relay, char const *const *before, char const *empty) {
  char text[BASE64_ENCODED(SASL_MESSAGE_MAX) + 1];
  char const *words[5] = {NULL};
  size_t count = 0;
  while (*before) words[count++] = *before++;
  base64_encode(text, relay->sasl.out, relay->sasl.out_len);
  words[count] = *text ? text : empty;
  relay_say(relay, words);
  explicit_bzero(text, sizeof text);
}

static void fail(relay_t *relay, char const *text, char const *what) {
  if (relay->is_logging_in) sasl_client_wipe(&relay->sasl);
  relay->is_logging_in = false;
  relay_fail(relay, "4.7.0", text, what);
}

void relay_login_start(relay_t *relay) {
  sasl_mechanism_t const mechanism = choose(relay);
  relay->stage = RELAY_STAGE_LOGIN;
  if (mechanism == SASL_MECHANISMS) {
    fail(relay, "the server offers no way to log in that may be used", NULL);
    return;
  }
  if (!make_nonce(relay)) {
    fail(relay, "no random bytes for the login", NULL);
    return;
  }
  begin(relay, mechanism);
  char const *const name = sasl_mechanism_table[mechanism].name;
  sasl_step_t const step = sasl_client_step(&relay->sasl, NULL, 0);
  relay_enter(relay, PHASE_LOGIN, RELAY_LOGIN);
  if (step == SASL_STEP_SEND && BASE64_ENCODED(relay->sasl.out_len) <= INITIAL_MAX)
    say(relay, (char const *const[]){"AUTH ", name, " ", NULL}, "=");
  else if (step == SASL_STEP_SEND || step == SASL_STEP_WAIT)
    relay_say(relay, (char const *const[]){"AUTH ", name, NULL});
  else
    fail(relay, "the login cannot be said in this mechanism", name);
  relay->login_pending =
      step == SASL_STEP_SEND && BASE64_ENCODED(relay->sasl.out_len) > INITIAL_MAX;
}

static void take_challenge(relay_t *relay) {
  char challenge[CHAIN_TEXT_MAX + 1];
  ssize_t const len = base64_decode(challenge, relay->reply.text, relay->reply.text_len);
  sasl_step_t step = SASL_STEP_SEND;
  if (len < 0) {
    fail(relay, "the server's challenge is not base64", NULL);
    return;
  }
  if (!relay->login_pending) step = sasl_client_step(&relay->sasl, challenge, (size_t)len);
  relay->login_pending = false;
  relay_arm(relay, RELAY_LOGIN);
  if (step == SASL_STEP_SEND)
    say(relay, (char const *const[]){NULL}, "");
  else
    fail(relay, "the server failed to prove itself in the login", NULL);
}

void relay_login_answer(relay_t *relay) {
  if (relay->reply.code == 334) {
    take_challenge(relay);
  } else if (relay_reply_class(relay) != 2) {
    char text[CHAIN_VERDICT_SIZE];
    snprintf(text, sizeof text, "%u %s", relay->reply.code, relay->reply.text);
    fail(relay, "the server refuses the login", text);
  } else if (!sasl_client_trusts(&relay->sasl)) {
    fail(relay, "the server failed to prove itself in the login", NULL);
  } else {
    sasl_client_wipe(&relay->sasl);
    relay->is_logging_in = false;
    relay_ready(relay);
  }
}
