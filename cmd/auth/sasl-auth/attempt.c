#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/types.h>

#include "base64/base64.h"
#include "log/log.h"
#include "sasl-auth.h"

#define NONCE_BYTES     18
#define CREDENTIALS_MAX 512  /* checkpassword's */
#define TOKEN_MAX       8192 /* the same with a token */

/* One attempt. */
typedef struct attempt {
  char const *method;
  sasl_server_t server; /* also of APOP, which has no exchange: name and secret */
  bool is_over;
  sasl_result_t result;
  bool is_failure;        /* counts against the client's network */
  char const *reason;     /* for the log */
  char const *user;       /* who has logged in */
  char const *user_facts; /* strings, the last of which is empty */
  char nonce[BASE64_ENCODED(NONCE_BYTES) + 1], challenge[320];
  unsigned char end_point[64];
  checker_answer_t answer;
  account_t account;
} attempt_t;

static attempt_t attempt;

/* ---- how it ends ------------------------------------------------------------------------------
 */

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

static void end(sasl_result_t result, char const *reason) {
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

static void log_trouble(char const *what) {
  log_line_t line;
  log_start(&line, PROGRAM, "trouble");
  log_str(&line, "what", what);
  log_errno(&line, errno);
  log_send(&line);
}

static void count_failure(void) {
  ip46 ip;
  if (!attempt.is_failure || !options.throttle.file || !facts_address(&ip)) return;
  if (throttle_count(&options.throttle, &ip, (uint64_t)time(0)) < 0) log_trouble("count a failure");
}

/* The log and the count come before the answer: who asks again at once is counted already. */
static void conclude(void) {
  log_attempt();
  count_failure();
  if (attempt.result == SASL_SUCCESS)
    front_accept(attempt.method, attempt.user_facts, attempt.user);
  else
    front_refuse(attempt.result, ends[attempt.result].text);
  sasl_server_wipe(&attempt.server);
  lookup_wipe(&attempt.account);
  front_forget();
}

/* ---- success: the record ----------------------------------------------------------------------
 */

static char const *fact(char const *facts, char const *name) {
  size_t const len = strlen(name);
  for (; *facts; facts += strlen(facts) + 1)
    if (!strncmp(facts, name, len) && facts[len] == '=') return facts + len + 1;
  return 0;
}

static void token_make(char token[SASL_TOKEN_SIZE + 1]) {
  static char const hex[] = "0123456789abcdef";
  unsigned char bytes[SASL_TOKEN_SIZE / 2];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) _exit(111);
  for (size_t i = 0; i < sizeof bytes; i++) {
    token[2 * i] = hex[bytes[i] >> 4];
    token[2 * i + 1] = hex[bytes[i] & 15];
  }
  token[SASL_TOKEN_SIZE] = 0;
}

static char const *format_id(char *digits, uint32_t id) {
  if (!id) return 0;
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
      {"SASL_AUTHZID", sasl_server_is_own(&attempt.server) ? 0 : attempt.server.authzid},
      {"SASL_OK_FD", fd},
      {"SASL_OK_TOKEN", token},
      {"USER", account->known ? account->name : 0},
      {"HOME", *account->home ? account->home : 0},
      {"AUTH_SENDERS", *account->senders ? account->senders : 0},
      {"UID", format_id(uid, account->uid)},
      {"GID", format_id(gid, account->gid)},
      {0, 0}};
  checker_call_t const call = {.argv = argv,
                               .envp = environment_make(variables),
                               .token = token,
                               .credentials = credentials,
                               .credentials_len = len};
  checker_ask(&call, &attempt.answer);
}

/* A checker that names nobody has let in whom the client named. */
static void succeed(void) {
  attempt.user_facts = attempt.answer.facts;
  attempt.user = fact(attempt.user_facts, "AUTH_USER");
  if (!attempt.user) attempt.user = attempt.server.name;
  if (*attempt.user && strlen(attempt.user) <= SASL_NAME_MAX)
    end(SASL_SUCCESS, "");
  else
    end(SASL_TEMPORARY, "the checker names nobody");
}

/* ---- the steps that are ours ------------------------------------------------------------------
 */

/* A step that ends the attempt, or gives the next one. */
typedef sasl_step_t act_f(void);

static sasl_step_t over(sasl_result_t result, char const *reason) {
  end(result, reason);
  return SASL_STEP_FAILED;
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
  ask(argv, credentials, len);
  explicit_bzero(credentials, len);
  if (attempt.answer.answer == ANSWER_NO) return sasl_server_refuse(&attempt.server);
  if (attempt.answer.answer == ANSWER_YES) return succeed(), SASL_STEP_PROVEN;
  attempt.is_failure = attempt.answer.is_failure;
  return over(SASL_TEMPORARY, attempt.answer.trouble);
}

static char const *seconds(void) {
  static char digits[UINT64_FMT];
  digits[uint64_fmt(digits, (uint64_t)time(0))] = 0;
  return digits;
}

static sasl_step_t on_password(void) {
  return ask_checker(options.checker, seconds(), CREDENTIALS_MAX);
}

static sasl_step_t on_digest(void) {
  return ask_checker(options.checker, attempt.challenge, CREDENTIALS_MAX);
}

static sasl_step_t on_token(void) {
  char const *const argv[] = {options.token_checker, "sasl-ok", 0};
  return ask_checker(argv, seconds(), TOKEN_MAX);
}

static sasl_step_t on_verifier(void) {
  if (lookup_verifier(&attempt.account, attempt.server.name, attempt.server.mechanism) < 0) {
    log_trouble(options.users);
    return over(SASL_TEMPORARY, "users");
  }
  if (!sasl_server_is_own(&attempt.server)) attempt.account.verifier.known = false;
  return sasl_server_verify(&attempt.server, &attempt.account.verifier);
}

/* The client has proven who it is, without a checker. */
static sasl_step_t on_proven(void) {
  static char const *const argv[] = {"sasl-ok", 0};
  ask(argv, 0, 0);
  if (attempt.answer.answer == ANSWER_YES)
    succeed();
  else
    end(SASL_TEMPORARY, attempt.answer.trouble);
  return SASL_STEP_PROVEN;
}

static sasl_step_t on_certificate(void) {
  sasl_server_t *server = &attempt.server;
  if (lookup_certificate(&attempt.account, facts_get("SSL_PEER_CERT_HASH")) < 0) {
    log_trouble(options.users);
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

/* Decodes what the client says, into its own place. NULL: it is no base64. */
static char const *decode(char *line, size_t *len) {
  ssize_t const n = base64_decode(line, line, strlen(line));
  if (n < 0) return 0;
  *len = (size_t)n;
  return line;
}

static sasl_step_t on_send(void) {
  size_t len;
  front_challenge(attempt.server.out, attempt.server.out_len);
  char *const line = front_read((unsigned int)conf.number[CONF_TIMEOUT_SESSION]);
  if (!strcmp(line, "*")) return over(SASL_CANCELLED, "cancelled");
  char const *const message = decode(line, &len);
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

static void run(sasl_step_t step) {
  while (!attempt.is_over) step = acts[step]();
}

/* ---- how it begins ----------------------------------------------------------------------------
 */

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

static bool is_throttled(void) {
  ip46 ip;
  if (!options.throttle.file || !facts_address(&ip)) return false;
  int const over_limit = throttle_is_over(&options.throttle, &ip, (uint64_t)time(0));
  if (over_limit < 0) log_trouble("look failures up");
  return over_limit > 0;
}

/* False, and the attempt has ended, if the client may not try this. */
static bool admit(sasl_mechanism_t mechanism) {
  sasl_channel_t const channel = facts_channel();
  char const *const list = conf.text[CONF_AUTH_MECHANISMS];
  if (is_throttled())
    end(SASL_THROTTLED, "throttled");
  else if (!sasl_mechanism_listed(list, mechanism) || !has_means(mechanism))
    end(SASL_UNKNOWN, "unknown");
  else if (!sasl_mechanism_fits(mechanism, &channel))
    end(SASL_UNFIT, "unfit");
  return !attempt.is_over;
}

static void nonce_make(void) {
  unsigned char bytes[NONCE_BYTES];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) _exit(111);
  base64_encode(attempt.nonce, bytes, sizeof bytes);
}

static void challenge_make(void) {
  char const *me = conf.text[CONF_ME];
  if (!me || strlen(me) > SASL_NAME_MAX) me = "localhost";
  char *at = stpcpy(stpcpy(stpcpy(attempt.challenge, "<"), attempt.nonce), ".");
  strcpy(stpcpy(stpcpy(stpcpy(at, seconds()), "@"), me), ">");
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
  if (!initial) return sasl_server_step(&attempt.server, 0, 0);
  char const *const message = strcmp(initial, "=") ? decode(initial, &len) : "";
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
  run(step);
}

/* APOP has no exchange: what the client says is as a CRAM-MD5's. */
static void run_apop(sasl_request_t const *request) {
  sasl_server_settings_t const none = {.nonce = ""};
  sasl_server_t *server = &attempt.server;
  attempt.method = "APOP";
  sasl_server_init(server, SASL_CRAM_MD5, &none);
  if (is_throttled()) return end(SASL_THROTTLED, "throttled");
  if (!sasl_name_listed(conf.text[CONF_AUTH_MECHANISMS], "APOP") || !options.checker)
    return end(SASL_UNKNOWN, "unknown");
  if (strlen(request->timestamp) >= sizeof attempt.challenge ||
      strlen(request->name) > SASL_NAME_MAX || strlen(request->digest) != 32)
    return end(SASL_MALFORMED, "malformed");
  strcpy(attempt.challenge, request->timestamp);
  strcpy(server->name, request->name);
  strcpy(server->secret, request->digest);
  server->secret_len = strlen(server->secret);
  run(sasl_text_valid(server->name, strlen(server->name)) ? SASL_STEP_DIGEST : SASL_STEP_MALFORMED);
}

void attempt_run(sasl_request_t const *request) {
  memset(&attempt, 0, sizeof attempt);
  if (request->apop)
    run_apop(request);
  else
    run_auth(request);
  conclude();
}
