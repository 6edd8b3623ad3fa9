#include <string.h>
#include <sys/random.h>

#include <skalibs/fmtscan.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "attempt.h"

#define CREDENTIALS_MAX 512  /* checkpassword's */
#define TOKEN_MAX       8192 /* the same with a token */

/* ---- success: the record -------------------------------------------------------------------- */

static char const *fact(char const *facts, char const *name) {
  size_t const len = strlen(name);
  for (; *facts; facts += strlen(facts) + 1)
    if (!strncmp(facts, name, len) && facts[len] == '=') return facts + len + 1;
  return NULL;
}

static void token_make(char token[SASL_TOKEN_SIZE + 1]) {
  char bytes[SASL_TOKEN_SIZE / 2];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) strerr_diefu1sys(111, "get random bytes");
  token[ucharn_fmt(token, bytes, sizeof bytes)] = 0;
}

static char const *format_id(char *digits, uint32_t id) {
  if (!id) return NULL;
  digits[uint32_fmt(digits, id)] = 0;
  return digits;
}

/* Starts words, which are a checker's or sasl-ok's, and takes the record if there is one. */
static void ask(char const *const *argv, char const *credentials, size_t len) {
  account_t const *account = &attempt.account;
  char token[SASL_TOKEN_SIZE + 1], uid[UINT32_FMT], gid[UINT32_FMT],
      fd[] = {'0' + CHECKER_RECORD_FD, 0};
  token_make(token);
  variable_t const variables[] = {
      {"SASL_MECHANISM", attempt.method},
      {"SASL_AUTHZID", sasl_server_is_own(&attempt.server) ? NULL : attempt.server.authzid},
      {"SASL_OK_FD", fd},
      {"SASL_OK_TOKEN", token},
      {"USER", account->known ? account->name : NULL},
      {"HOME", *account->home ? account->home : NULL},
      {"AUTH_SENDERS", *account->senders ? account->senders : NULL},
      {"UID", format_id(uid, account->uid)},
      {"GID", format_id(gid, account->gid)},
      {NULL, NULL}};
  checker_call_t const call = {.argv = argv,
                               .envp = environment_make(variables),
                               .token = token,
                               .credentials = credentials,
                               .credentials_len = len};
  checker_ask(&call, &attempt.answer);
}

/* ---- turns ---------------------------------------------------------------------------------- */

static bool has_turn;

/* False, and the attempt has ended: there are too many others, for half the time that the front
   waits; or others of its network have failed meanwhile, and guessing goes no faster for being done
   by many at once. */
static bool take_turn(void) {
  unsigned int const patience = (unsigned int)conf.number[CONF_TIMEOUT_AUTH] * 500;
  if (!options.checkers) return true;
  has_turn = throttle_enter(&options.throttle, options.checkers, patience) == 0;
  if (!has_turn)
    attempt_end(SASL_TEMPORARY, "busy");
  else if (attempt_is_throttled())
    attempt_end(SASL_THROTTLED, "throttled");
  return !attempt.is_over;
}

void steps_end_turn(void) {
  if (has_turn) throttle_leave(&options.throttle);
  has_turn = false;
}

/* A checker that names nobody has let in whom the client named. */
static void succeed(void) {
  attempt.user_facts = attempt.answer.facts;
  attempt.user = fact(attempt.user_facts, "AUTH_USER");
  if (!attempt.user) attempt.user = attempt.server.name;
  if (*attempt.user && strlen(attempt.user) <= SASL_NAME_MAX)
    attempt_end(SASL_SUCCESS, "");
  else
    attempt_end(SASL_TEMPORARY, "the checker names nobody");
}

/* ---- the steps that are ours ---------------------------------------------------------------- */

/* A step that ends the attempt, or gives the next one. */
typedef sasl_step_t act_f(void);

static sasl_step_t over(sasl_result_t result, char const *reason) {
  attempt_end(result, reason);
  return SASL_STEP_FAILED;
}

static sasl_step_t refuse(void) {
  sasl_step_t const step = sasl_server_refuse(&attempt.server);
  if (step == SASL_STEP_SEND) attempt_refuse("credentials");
  return step;
}

/* Hands login, secret and the third string to a checker. */
static sasl_step_t ask_checker(char const *const *argv, char const *third, size_t max) {
  static char credentials[TOKEN_MAX];
  sasl_server_t const *server = &attempt.server;
  size_t const name_size = strlen(server->name) + 1, third_size = strlen(third) + 1;
  size_t const len = name_size + server->secret_len + 1 + third_size;
  if (!sasl_server_is_own(server) && !options.foreign_authzid) return over(SASL_FAILED, "identity");
  if (len > max) return over(SASL_FAILED, "long");
  memcpy(credentials, server->name, name_size);
  memcpy(credentials + name_size, server->secret, server->secret_len + 1);
  memcpy(credentials + len - third_size, third, third_size);
  bool const may_ask = take_turn();
  if (may_ask) ask(argv, credentials, len);
  explicit_bzero(credentials, len);
  if (!may_ask) return SASL_STEP_FAILED;
  if (attempt.answer.answer == ANSWER_NO) return refuse();
  if (attempt.answer.answer == ANSWER_YES) return succeed(), SASL_STEP_PROVEN;
  attempt.is_failure = attempt.answer.is_failure;
  return over(SASL_TEMPORARY, attempt.answer.trouble);
}

static sasl_step_t on_password(void) {
  return ask_checker(options.checker, attempt_seconds(), CREDENTIALS_MAX);
}

static sasl_step_t on_digest(void) {
  return ask_checker(options.checker, attempt.challenge, CREDENTIALS_MAX);
}

static sasl_step_t on_token(void) {
  char const *const argv[] = {options.token_checker, "sasl-ok", NULL};
  return ask_checker(argv, attempt_seconds(), TOKEN_MAX);
}

static sasl_step_t on_verifier(void) {
  if (lookup_verifier(&attempt.account, attempt.server.name, attempt.server.mechanism) < 0) {
    attempt_log_trouble(options.users);
    return over(SASL_TEMPORARY, "users");
  }
  if (!sasl_server_is_own(&attempt.server)) attempt.account.verifier.known = false;
  return sasl_server_verify(&attempt.server, &attempt.account.verifier);
}

/* The client has proven who it is, without a checker. */
static sasl_step_t on_proven(void) {
  static char const *const argv[] = {"sasl-ok", NULL};
  ask(argv, NULL, 0);
  if (attempt.answer.answer == ANSWER_YES)
    succeed();
  else
    attempt_end(SASL_TEMPORARY, attempt.answer.trouble);
  return SASL_STEP_PROVEN;
}

static sasl_step_t on_certificate(void) {
  sasl_server_t *server = &attempt.server;
  if (lookup_certificate(&attempt.account, facts_get("SSL_PEER_CERT_HASH")) < 0) {
    attempt_log_trouble(options.users);
    return over(SASL_TEMPORARY, "users");
  }
  if (!attempt.account.known) return over(SASL_FAILED, "name");
  strcpy(server->authzid, server->name);
  strcpy(server->name, attempt.account.name);
  return sasl_server_is_own(server) ? on_proven() : over(SASL_FAILED, "identity");
}

static sasl_step_t on_failed(void) {
  return over(SASL_FAILED, attempt.server.why);
}

static sasl_step_t on_malformed(void) {
  return over(SASL_MALFORMED, "malformed");
}

char const *steps_decode(char *line, size_t *len) {
  ssize_t const n = base64_decode(line, line, strlen(line));
  if (n < 0) return NULL;
  *len = (size_t)n;
  return line;
}

static sasl_step_t on_send(void) {
  size_t len;
  front_challenge(attempt.server.out, attempt.server.out_len);
  char *const line = front_read((unsigned int)conf.number[CONF_TIMEOUT_SESSION]);
  if (attempt.is_refused) return over(SASL_FAILED, attempt.reason);
  if (!strcmp(line, "*")) return over(SASL_CANCELLED, "cancelled");
  char const *const message = steps_decode(line, &len);
  sasl_step_t const step =
      message ? sasl_server_step(&attempt.server, message, len) : SASL_STEP_MALFORMED;
  front_forget();
  return step;
}

static act_f *const acts[] = {
    [SASL_STEP_SEND] = on_send,          [SASL_STEP_PASSWORD] = on_password,
    [SASL_STEP_DIGEST] = on_digest,      [SASL_STEP_TOKEN] = on_token,
    [SASL_STEP_VERIFIER] = on_verifier,  [SASL_STEP_CERTIFICATE] = on_certificate,
    [SASL_STEP_PROVEN] = on_proven,      [SASL_STEP_FAILED] = on_failed,
    [SASL_STEP_MALFORMED] = on_malformed};

void steps_run(sasl_step_t step) {
  while (!attempt.is_over) step = acts[step]();
}
