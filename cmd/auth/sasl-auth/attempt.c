#include "attempt.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "log/log.h"

attempt_t attempt;

/* ---- how it ends ---------------------------------------------------------------------------- */

/* What the front is told to each result, and how it stands in the log. */
static struct {
  char const *event, *text;
} const ends[] = {
    [SASL_SUCCESS] = {"login", ""},
    [SASL_FAILED] = {"fail", "authentication failed"},
    [SASL_MALFORMED] = {"refuse", "that was no message of this mechanism"},
    [SASL_CANCELLED] = {"refuse", "cancelled"},
    [SASL_UNKNOWN] = {"refuse", "no such mechanism"},
    [SASL_UNFIT] = {"refuse", "this mechanism needs another channel"},
    [SASL_TOO_WEAK] = {"refuse", "not with this mechanism"},
    [SASL_TEMPORARY] = {"error", "temporary failure"},
    [SASL_THROTTLED] = {"refuse", "too many failures"},
};

void attempt_end(sasl_result_t result, char const *reason) {
  attempt.is_over = true;
  attempt.result = result;
  attempt.reason = reason;
  if (result == SASL_FAILED) attempt.is_failure = true;
}

static char const *or_dash(char const *s) {
  return s && *s ? s : "-";
}

static void log_attempt(void) {
  log_line_t line;
  log_start(&line, PROGRAM, ends[attempt.result].event);
  log_str(&line, "remote", or_dash(facts_get("REMOTEIP")));
  log_str(&line, "service", or_dash(facts_get("SERVICE")));
  log_str(&line, "method", attempt.method);
  log_str(&line, "user", or_dash(attempt.user ? attempt.user : attempt.server.name));
  if (attempt.result != SASL_SUCCESS) log_str(&line, "reason", attempt.reason);
  log_send(&line);
}

char const *attempt_seconds(void) {
  static char digits[UINT64_FMT];
  digits[uint64_fmt(digits, (uint64_t)time(NULL))] = 0;
  return digits;
}

void attempt_log_trouble(char const *what) {
  log_line_t line;
  log_start(&line, PROGRAM, "trouble");
  log_str(&line, "what", what);
  log_errno(&line, errno);
  log_send(&line);
}

static void count_failure(void) {
  ip46 ip;
  if (!attempt.is_failure || !options.throttle.is_open || !facts_address(&ip)) return;
  if (throttle_count(&options.throttle, &ip, (uint64_t)time(NULL)) < 0)
    attempt_log_trouble("count a failure");
}

/* Whoever has its turn next knows of this one's failure. */
static void tell(void) {
  log_attempt();
  count_failure();
  steps_end_turn();
}

void attempt_refuse(char const *reason) {
  attempt_end(SASL_FAILED, reason);
  tell();
  attempt.is_over = false;
  attempt.is_refused = true;
}

/* The log and the count come before the answer: who asks again at once is counted already. */
static void conclude(void) {
  if (!attempt.is_refused) tell();
  if (attempt.result == SASL_SUCCESS)
    front_accept(attempt.method, attempt.user_facts, attempt.user);
  else
    front_refuse(attempt.result, ends[attempt.result].text);
  sasl_server_wipe(&attempt.server);
  lookup_wipe(&attempt.account);
  front_forget();
}

/* ---- how it begins -------------------------------------------------------------------------- */

/* What the mechanisms need besides the front's channel. */
static bool has_means(sasl_mechanism_t mechanism) {
  switch (mechanism) {
  case SASL_PLAIN:
  case SASL_LOGIN:
  case SASL_CRAM_MD5: return options.checker;
  case SASL_OAUTHBEARER:
  case SASL_XOAUTH2: return options.token_checker;
  default: return mechanism < SASL_MECHANISMS;
  }
}

bool attempt_is_throttled(void) {
  ip46 ip;
  if (!options.throttle.is_open || !facts_address(&ip)) return false;
  int const over_limit = throttle_is_over(&options.throttle, &ip, (uint64_t)time(NULL));
  if (over_limit < 0) attempt_log_trouble("look failures up");
  return over_limit > 0;
}

/* False, and the attempt has ended, if the client may not try this. */
static bool admit(sasl_mechanism_t mechanism) {
  sasl_channel_t const channel = facts_channel();
  char const *const list = conf.text[CONF_AUTH_MECHANISMS];
  if (attempt_is_throttled())
    attempt_end(SASL_THROTTLED, "throttled");
  else if (!sasl_mechanism_listed(list, mechanism) || !has_means(mechanism))
    attempt_end(SASL_UNKNOWN, "unknown");
  else if (!sasl_mechanism_fits(mechanism, &channel))
    attempt_end(SASL_UNFIT, "unfit");
  return !attempt.is_over;
}

static void nonce_make(void) {
  unsigned char bytes[NONCE_BYTES];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) strerr_diefu1sys(111, "get random bytes");
  base64_encode(attempt.nonce, bytes, sizeof bytes);
}

static void challenge_make(void) {
  char const *me = conf.text[CONF_ME];
  if (!me || strlen(me) > SASL_NAME_MAX) me = "localhost";
  char *at = stpcpy(stpcpy(stpcpy(attempt.challenge, "<"), attempt.nonce), ".");
  strcpy(stpcpy(stpcpy(stpcpy(at, attempt_seconds()), "@"), me), ">");
}

static sasl_mechanism_t plus_of(sasl_mechanism_t mechanism) {
  if (mechanism == SASL_SCRAM_SHA_1) return SASL_SCRAM_SHA_1_PLUS;
  return mechanism == SASL_SCRAM_SHA_256 ? SASL_SCRAM_SHA_256_PLUS : SASL_MECHANISMS;
}

static void server_prepare(sasl_mechanism_t mechanism) {
  sasl_channel_t const channel = facts_channel();
  nonce_make();
  challenge_make();
  sasl_server_settings_t const settings = {
      .nonce = attempt.nonce,
      .challenge = attempt.challenge,
      .end_point = attempt.end_point,
      .end_point_len = facts_end_point(attempt.end_point, sizeof attempt.end_point),
      .plus_offered =
          sasl_mechanism_offered(conf.text[CONF_AUTH_MECHANISMS], plus_of(mechanism), &channel)};
  sasl_server_init(&attempt.server, mechanism, &settings);
}

static sasl_step_t first_step(char *initial) {
  size_t len = 0;
  if (!initial) return sasl_server_step(&attempt.server, NULL, 0);
  char const *const message = strcmp(initial, "=") ? steps_decode(initial, &len) : "";
  return message ? sasl_server_step(&attempt.server, message, len) : SASL_STEP_MALFORMED;
}

static void run_auth(sasl_request_t const *request) {
  sasl_mechanism_t const mechanism =
      sasl_mechanism_find(request->mechanism, strlen(request->mechanism));
  bool const is_known = mechanism < SASL_MECHANISMS;
  attempt.method = is_known ? sasl_mechanism_table[mechanism].name : request->mechanism;
  if (!admit(mechanism)) return;
  server_prepare(mechanism);
  sasl_step_t const step = first_step(request->initial);
  front_forget();
  steps_run(step);
}

/* APOP has no exchange: what the client says is as a CRAM-MD5's. */
static void run_apop(sasl_request_t const *request) {
  sasl_server_settings_t const none = {.nonce = ""};
  sasl_server_t *server = &attempt.server;
  attempt.method = "APOP";
  sasl_server_init(server, SASL_CRAM_MD5, &none);
  if (attempt_is_throttled()) return attempt_end(SASL_THROTTLED, "throttled");
  if (!sasl_name_listed(conf.text[CONF_AUTH_MECHANISMS], "APOP") || !options.checker)
    return attempt_end(SASL_UNKNOWN, "unknown");
  if (strlen(request->timestamp) >= sizeof attempt.challenge ||
      strlen(request->name) > SASL_NAME_MAX || strlen(request->digest) != 32)
    return attempt_end(SASL_MALFORMED, "malformed");
  strcpy(attempt.challenge, request->timestamp);
  strcpy(server->name, request->name);
  strcpy(server->secret, request->digest);
  server->secret_len = strlen(server->secret);
  steps_run(sasl_text_valid(server->name, strlen(server->name)) ? SASL_STEP_DIGEST
                                                                : SASL_STEP_MALFORMED);
}

void attempt_run(sasl_request_t const *request) {
  memset(&attempt, 0, sizeof attempt);
  if (request->apop)
    run_apop(request);
  else
    run_auth(request);
  conclude();
}
