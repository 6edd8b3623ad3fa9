#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock/clock.h"
#include "internal.h"

#define ROUNDS 64 /* of one step: a fast server and a large message leave others their turn */

unsigned int const relay_patience[RELAY_PATIENCES] = {
    [RELAY_CONNECT] = 30, [RELAY_GREETING] = 300, [RELAY_HELLO] = 300, [RELAY_HANDSHAKE] = 60,
    [RELAY_LOGIN] = 120,  [RELAY_MAIL] = 300,     [RELAY_RCPT] = 300,  [RELAY_DATA] = 120,
    [RELAY_BLOCK] = 180,  [RELAY_FINAL] = 600,    [RELAY_QUIT] = 10,
};

uint64_t relay_now(void) {
  return (uint64_t)clock_milliseconds();
}

/* ---- the end ---- */

static char const *const stage_names[RELAY_STAGES] = {
    [RELAY_STAGE_CONNECT] = "connect", [RELAY_STAGE_GREETING] = "greeting",
    [RELAY_STAGE_HELLO] = "hello",     [RELAY_STAGE_TLS] = "tls",
    [RELAY_STAGE_LOGIN] = "login",     [RELAY_STAGE_READY] = "ready",
};

char const *relay_stage_name(relay_stage_t stage) {
  return stage_names[stage];
}

void relay_end(relay_t *relay, chain_verdict_t const *verdict) {
  if (relay->state == RELAY_ENDED) return;
  relay->verdict = *verdict;
  if (relay->transaction) relay_settle(relay->transaction, verdict);
  relay->transaction = NULL;
  relay->was_sent = relay->phase == PHASE_FINAL;
  relay->state = RELAY_ENDED;
  relay->phase = PHASE_ENDED;
  relay->deadline = UINT64_MAX;
}

void relay_fail(relay_t *relay, char const *enhanced, char const *text, char const *what) {
  chain_verdict_t verdict = {.kind = CHAIN_DEFER};
  snprintf(verdict.enhanced, sizeof verdict.enhanced, "%s", enhanced);
  snprintf(verdict.text, sizeof verdict.text, "%s%s%s", text, what ? ": " : "", what ? what : "");
  relay_end(relay, &verdict);
}

void relay_refuse(relay_t *relay) {
  chain_verdict_t verdict;
  relay_reply_verdict(&relay->reply, &verdict);
  relay_end(relay, &verdict);
}

/* ---- phases ---- */

void relay_arm(relay_t *relay, relay_patience_t patience) {
  relay->deadline = relay->now + (uint64_t)relay->settings.patience[patience] * 1000;
}

void relay_enter(relay_t *relay, relay_phase_t phase, relay_patience_t patience) {
  relay->phase = phase;
  relay_arm(relay, patience);
}

/* ---- answers ---- */

unsigned int relay_reply_class(relay_t const *relay) {
  return relay->reply.code / 100;
}

void relay_nonsense(relay_t *relay) {
  relay_fail(relay, "4.5.0", "the server's answer makes no sense", relay->reply.text);
}

static void ready_answer(relay_t *relay) {
  if (relay_reply_class(relay) > 3)
    relay_refuse(relay);
  else
    relay_nonsense(relay);
}

static void quit_answer(relay_t *relay) {
  relay_end(relay, &(chain_verdict_t){.kind = CHAIN_ACCEPT});
}

static struct {
  void (*answer)(relay_t *relay);
  char const *words; /* what we were waiting for */
} const phases[PHASES] = {
    [PHASE_CONNECT] = {NULL, "for the connection"},
    [PHASE_GREETING] = {relay_greeting_answer, "for the greeting"},
    [PHASE_EHLO] = {relay_hello_answer, "for the answer to EHLO"},
    [PHASE_HELO] = {relay_hello_answer, "for the answer to HELO"},
    [PHASE_STARTTLS] = {relay_starttls_answer, "for the answer to STARTTLS"},
    [PHASE_HANDSHAKE] = {NULL, "for the TLS handshake"},
    [PHASE_LOGIN] = {relay_login_answer, "for the answer to AUTH"},
    [PHASE_READY] = {ready_answer, "for nothing"},
    [PHASE_ENVELOPE] = {relay_envelope_answer, "for the answer to the envelope"},
    [PHASE_CONTENT] = {relay_content_answer, "for the message to be taken"},
    [PHASE_FINAL] = {relay_final_answer, "for the answer to the message"},
    [PHASE_QUIT] = {quit_answer, "for the answer to QUIT"},
};

/* True if there is nothing that the reply could be the answer to: not all of our command has gone
   out. A transaction's phases see to that themselves. */
static bool is_out_of_turn(relay_t const *relay) {
  bool const in_row = relay->phase >= PHASE_ENVELOPE && relay->phase <= PHASE_FINAL;
  return !in_row && !relay->deaf && relay->out_start < relay->out_end;
}

static void trace_reply(relay_t const *relay) {
  char line[CHAIN_VERDICT_SIZE];
  if (!relay->settings.trace || relay->phase == PHASE_LOGIN) return;
  int const n = snprintf(line, sizeof line, "%u %s", relay->reply.code, relay->reply.text);
  relay->settings.trace(true, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* 421 may be said at any time, and then the server is gone (RFC 5321, 3.8). */
static void take_answer(relay_t *relay) {
  trace_reply(relay);
  if (relay->reply.code == 421 && relay->phase != PHASE_QUIT)
    relay_refuse(relay);
  else if (is_out_of_turn(relay))
    relay_fail(relay, "4.5.0", "the server answers before it was asked", relay->reply.text);
  else
    phases[relay->phase].answer(relay);
}

/* True if a reply was taken. */
static bool take_reply(relay_t *relay) {
  size_t const len = relay->in_end - relay->in_start;
  size_t taken;
  if (!len || relay->state == RELAY_ENDED || !phases[relay->phase].answer) return false;
  relay_reply_status_t const status =
      relay_reply_feed(&relay->reply, relay->in + relay->in_start, len, &taken);
  relay->in_start += taken;
  if (status == RELAY_REPLY_BAD)
    relay_fail(relay, "4.5.0", "the server does not speak SMTP", NULL);
  else if (status == RELAY_REPLY_WHOLE)
    take_answer(relay);
  return taken;
}

/* ---- steps ---- */

static void check_connection(relay_t *relay) {
  struct pollfd poll_fd = {relay->fd, POLLOUT, 0};
  int error = 0;
  if (poll(&poll_fd, 1, 0) <= 0) return;
  getsockopt(relay->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
  if (error)
    relay_fail(relay, "4.4.1", "no connection", strerror(error));
  else
    relay_connected(relay);
}

void relay_flush(relay_t *relay) {
  for (int tries = 4; tries && relay_has_output(relay); tries--) relay_move(relay);
}

/* A session whose server is gone ends when all that it said was heard. */
static void check_end(relay_t *relay) {
  char words[128];
  bool const tls_ended = relay->tls && relay->phase != PHASE_HANDSHAKE &&
                         tls_client_state(relay->tls) >= TLS_CLIENT_CLOSED;
  if ((!relay->over && !tls_ended) || relay->state == RELAY_ENDED) return;
  if (relay->phase == PHASE_QUIT) {
    quit_answer(relay);
    return;
  }
  snprintf(words, sizeof words, "while we waited %s", phases[relay->phase].words);
  if (relay->phase == PHASE_READY) words[0] = 0;
  relay_fail(relay, "4.4.2",
             relay->error ? "the connection was lost" : "the server closed the connection",
             relay->error ? strerror(relay->error)
             : *words     ? words
                          : NULL);
}

static void check_deadline(relay_t *relay) {
  char words[128];
  if (relay->state != RELAY_BUSY || relay->now < relay->deadline) return;
  if (relay->phase == PHASE_QUIT) {
    quit_answer(relay);
    return;
  }
  snprintf(words, sizeof words, "too long a wait %s", phases[relay->phase].words);
  relay_fail(relay, "4.4.2", words, NULL);
}

static bool advance(relay_t *relay) {
  if (relay->phase == PHASE_CONNECT) {
    check_connection(relay);
    return relay->phase != PHASE_CONNECT;
  }
  bool moved = relay_move(relay);
  if (relay->phase == PHASE_HANDSHAKE) relay_check_handshake(relay);
  if (relay->phase == PHASE_ENVELOPE || relay->phase == PHASE_CONTENT)
    moved |= relay_produce(relay);
  while (take_reply(relay)) moved = true;
  return moved;
}

relay_state_t relay_step(relay_t *relay, uint64_t now) {
  bool moved = true;
  relay->now = now;
  for (int rounds = ROUNDS; moved && rounds && relay->state != RELAY_ENDED; rounds--)
    moved = advance(relay);
  relay->has_more = moved;
  check_end(relay);
  check_deadline(relay);
  return relay->state;
}

uint64_t relay_wait(relay_t const *relay, struct pollfd *poll_fd) {
  bool const wants_out = relay->phase == PHASE_CONNECT || relay_has_output(relay);
  poll_fd->fd = relay->state == RELAY_ENDED ? -1 : relay->fd;
  poll_fd->events = (short)(relay->phase == PHASE_CONNECT ? POLLOUT : POLLIN);
  if (wants_out) poll_fd->events |= POLLOUT;
  poll_fd->revents = 0;
  return relay->has_more && relay->state != RELAY_ENDED ? relay->now : relay->deadline;
}

static void wait_for(relay_t const *relay) {
  struct pollfd poll_fd;
  uint64_t const deadline = relay_wait(relay, &poll_fd), now = relay_now();
  uint64_t const rest = deadline > now ? deadline - now : 0;
  poll(&poll_fd, 1, rest > INT32_MAX ? INT32_MAX : (int)rest);
}

relay_state_t relay_finish(relay_t *relay) {
  while (relay_step(relay, relay_now()) == RELAY_BUSY) wait_for(relay);
  return relay->state;
}

/* ---- beginning and end ---- */

static bool make_sense(relay_settings_t const *settings) {
  relay_login_t const *const login = settings->login;
  return settings->helo && *settings->helo && (!login || (login->name && login->password));
}

relay_t *relay_start(relay_settings_t const *settings, int fd, uint64_t now) {
  int const on = 1;
  if (!make_sense(settings)) return errno = EINVAL, NULL;
  relay_t *const relay = malloc(sizeof *relay);
  if (!relay) return NULL;
  memset(relay, 0, offsetof(relay_t, encode));
  relay->settings = *settings;
  if (!settings->patience) relay->settings.patience = relay_patience;
  relay->fd = fd;
  relay->now = now;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* if it is TCP */
  relay_reply_init(&relay->reply, NULL, NULL);
  relay_enter(relay, PHASE_CONNECT, RELAY_CONNECT);
  return relay;
}

void relay_quit(relay_t *relay, uint64_t now) {
  if (relay->state != RELAY_READY) return;
  relay->now = now;
  relay->state = RELAY_BUSY;
  relay_say(relay, (char const *[]){"QUIT", NULL});
  relay_enter(relay, PHASE_QUIT, RELAY_QUIT);
}

bool relay_awaits_end(relay_t const *relay) {
  return relay->phase == PHASE_FINAL;
}

void relay_give_up(relay_t *relay, char const *why) {
  relay_fail(relay, "4.4.2", why, NULL);
}

static void say_goodbye(relay_t *relay) {
  if (!relay->tls || tls_client_state(relay->tls) != TLS_CLIENT_OPEN) return;
  tls_client_close(relay->tls);
  relay_flush(relay);
}

void relay_free(relay_t *relay) {
  if (!relay) return;
  say_goodbye(relay);
  tls_client_end(relay->tls);
  close(relay->fd);
  if (relay->is_logging_in) sasl_client_wipe(&relay->sasl);
  explicit_bzero(relay->out, sizeof relay->out);
  free(relay);
}

relay_stage_t relay_stage(relay_t const *relay) {
  return relay->stage;
}

bool relay_message_was_sent(relay_t const *relay) {
  return relay->was_sent;
}

chain_verdict_t const *relay_verdict(relay_t const *relay) {
  return &relay->verdict;
}

relay_offers_t const *relay_offers(relay_t const *relay) {
  return &relay->offers;
}

tls_client_t const *relay_tls(relay_t const *relay) {
  return relay->tls;
}
