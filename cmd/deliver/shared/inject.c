#include "inject.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "dsn/dsn.h"
#include "log/log.h"

extern char const *PROG;

static queue_envelope_t envelope;
static relay_transaction_t transaction;
static unsigned int patience[RELAY_PATIENCES];

/* ---- settings ---- */

static char const *own_name(void) {
  static conf_t conf;
  char const *culprit = "";
  if (conf_load(&conf, &culprit) == 0 && conf.text[CONF_ME]) return conf.text[CONF_ME];
  inject_fail("find the setting me");
}

static void settle_session(injection_t *injection) {
  relay_settings_t *const session = &injection->session;
  for (size_t i = 0; i < RELAY_PATIENCES; i++)
    patience[i] = relay_patience[i] < injection->most ? relay_patience[i] : injection->most;
  session->patience = patience;
  session->helo = injection->name ? injection->name : own_name();
}

/* ---- the transaction ---- */

/* The value of a parameter of the message's. */
static char const *parameter(char const *name) {
  return queue_envelope_value(&envelope, "", name);
}

static void fill_recipients(injection_t const *injection) {
  size_t position = 0, count = 0;
  dsn_asked_t *const asked = dsn_asked_make(&count, &envelope);
  transaction.count = injection->recipient ? 1 : envelope.count;
  transaction.recipients = calloc(transaction.count, sizeof *transaction.recipients);
  if (!transaction.recipients || !asked) inject_fail("keep the recipients");
  for (size_t i = 0; i < transaction.count; i++) {
    char const *const other = injection->recipient;
    char const *const address = other ? other : queue_envelope_next(&envelope, &position);
    dsn_asked_t const own = dsn_asked_find(asked, count, address);
    transaction.recipients[i] =
        (relay_recipient_t){.address = address, .notify = own.notify, .orcpt = own.original};
  }
  free(asked);
}

/* Nobody has waited yet. */
static smtp_by_t const *find_by(void) {
  static smtp_by_t by;
  char const *const value = parameter("BY");
  return value && smtp_by_parse(&by, value, strlen(value)) == 0 ? &by : NULL;
}

/* A caller who speaks LMTP can say who got the message and who did not. */
static bool caller_is_lmtp(void) {
  char const *const protocol = getenv("SMTP_PROTO");
  return protocol && strstr(protocol, "LMTP");
}

static void fill_transaction(injection_t const *injection) {
  char const *const utf8 = getenv("SMTP_UTF8");
  inject_message(&transaction.message);
  inject_envelope(&envelope);
  inject_refuse_hold(&envelope);
  transaction.sender = injection->sender ? injection->sender : envelope.sender;
  transaction.ret = parameter("RET");
  transaction.envid = parameter("ENVID");
  transaction.priority = parameter("MT-PRIORITY");
  transaction.auth = parameter("AUTH");
  transaction.by = find_by();
  transaction.utf8 = utf8 && *utf8;
  fill_recipients(injection);
  transaction.all_or_none = transaction.count > 1 && !caller_is_lmtp();
}

/* ---- verdicts ---- */

/* The texts of a chain are one line, which begins with the codes. */
static void log_verdict(char const *server, chain_verdict_t const *verdict) {
  log_line_t line;
  char const kind[] = {(char)verdict->kind, 0};
  char text[CHAIN_VERDICT_SIZE];
  chain_verdict_format(text, verdict);
  log_start(&line, PROG, "verdict");
  log_str(&line, "server", server);
  log_str(&line, "verdict", kind);
  log_str(&line, "text", text);
  log_send(&line);
}

static void tell_recipients(void) {
  char text[CHAIN_VERDICT_SIZE];
  for (size_t i = 0; i < transaction.count; i++) {
    chain_verdict_t const *const verdict = &transaction.recipients[i].verdict;
    chain_verdict_format(text, verdict);
    chain_recipient(i, verdict->kind, text);
  }
}

/* One for all: if some got the message it is accepted, for who tries again sends it to them, too.
   Else a deferral goes before a refusal, for the same reason. */
static chain_verdict_t const *common_verdict(void) {
  static chain_kind_t const order[] = {CHAIN_ACCEPT, CHAIN_DEFER};
  for (size_t kind = 0; kind < sizeof order / sizeof *order; kind++)
    for (size_t i = 0; i < transaction.count; i++)
      if (transaction.recipients[i].verdict.kind == order[kind])
        return &transaction.recipients[i].verdict;
  return &transaction.recipients[0].verdict;
}

/* Our own trouble with the server is no fault of the message's. */
static _Noreturn void fail_session(char const *server, relay_t const *relay) {
  chain_verdict_t verdict = *relay_verdict(relay);
  log_verdict(server, &verdict);
  verdict.kind = CHAIN_DEFER;
  chain_defer(verdict.code / 100 == 4 ? verdict.code : 451,
              *verdict.enhanced == '4' ? verdict.enhanced : "4.4.0",
              "the next server cannot be used now");
}

/* ---- the session ---- */

static void start_dial(relay_dial_t *dial, injection_t const *injection) {
  relay_server_t server;
  if (relay_server_parse(&server, injection->server, injection->port) < 0)
    strerr_dief2x(100, "not a server: ", injection->server);
  if (relay_dial_start(dial, &server) < 0 || relay_dial_finish(dial) < 0)
    inject_fail("find the server's address");
}

/* The first of its addresses that answers. */
static relay_t *start_session(injection_t const *injection) {
  relay_dial_t dial;
  relay_t *relay = NULL;
  start_dial(&dial, injection);
  for (;;) {
    int const fd = relay_dial_next(&dial);
    if (fd < 0 && errno == ENOENT && relay) fail_session(injection->server, relay);
    if (fd < 0 && (errno == ENOENT || dial.next >= dial.count)) inject_fail("connect");
    if (fd < 0) continue;
    relay_free(relay);
    relay = relay_start(&injection->session, fd, relay_now());
    if (!relay) inject_fail("begin a session");
    if (relay_finish(relay) == RELAY_READY) return relay;
    if (relay_stage(relay) > RELAY_STAGE_GREETING) fail_session(injection->server, relay);
  }
}

static void check_limit(relay_t const *relay) {
  unsigned int const max = relay_offers(relay)->recipients;
  if (max && transaction.count > max)
    chain_defer(452, "4.5.3", "too many recipients for the next server");
}

_Noreturn void inject(injection_t *injection) {
  log_session(getenv("SESSION_ID"));
  signal(SIGPIPE, SIG_IGN);
  settle_session(injection);
  fill_transaction(injection);
  relay_t *const relay = start_session(injection);
  check_limit(relay);
  relay_transact(relay, &transaction, relay_now());
  relay_finish(relay);
  chain_verdict_t const *const verdict = common_verdict();
  log_verdict(injection->server, verdict);
  if (caller_is_lmtp()) tell_recipients();
  relay_quit(relay, relay_now());
  relay_step(relay, relay_now());
  relay_free(relay);
  chain_end(verdict->kind, verdict->code, verdict->enhanced, verdict->text);
}
