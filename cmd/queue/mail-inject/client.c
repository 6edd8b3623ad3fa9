/* Speaking with the service. Nothing is sent for some of the recipients: one that is refused
   refuses the message. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "conf/conf.h"
#include "inject.h"
#include "relay/relay.h"

#define PATIENCE 600 /* seconds that the service may take for an answer, RFC 5321 4.5.3.2.6 */

/* What a refusal means; the first that fits counts. */
static struct {
  char const *enhanced;
  int exit_code;
} const meanings[] = {
    {"5.1.7", EX_NOPERM}, /* the sender */
    {"5.1.8", EX_NOPERM}, {"5.1.", EX_NOUSER},  {"5.6.", EX_DATAERR},
    {"5.7.", EX_NOPERM},  {"", EX_UNAVAILABLE},
};

static int exit_code_of(chain_verdict_t const *verdict) {
  size_t i = 0;
  if (verdict->kind != CHAIN_REJECT) return EX_TEMPFAIL;
  while (strncmp(verdict->enhanced, meanings[i].enhanced, strlen(meanings[i].enhanced)) != 0) i++;
  return meanings[i].exit_code;
}

static _Noreturn void die_refused(chain_verdict_t const *verdict, char const *whom) {
  char text[CHAIN_VERDICT_SIZE], subject[QUEUE_ADDRESS_MAX + 32];
  chain_verdict_format(text, verdict);
  snprintf(subject, sizeof subject, "nothing was sent: %s%s", whom, *whom ? ": " : "");
  die(exit_code_of(verdict), subject, text);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static _Noreturn void die_unconnected(char const *path) {
  char step[sizeof((struct sockaddr_un *)0)->sun_path + 32];
  snprintf(step, sizeof step, "connect to the service at %s", path);
  die_system(EX_TEMPFAIL, step);
}

/* Waits where the service has too many to listen to. */
static int service_connect(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval const patience = {.tv_sec = PATIENCE};
  int const n = snprintf(address.sun_path, sizeof address.sun_path, "%s/inject", conf_run());
  if ((size_t)n >= sizeof address.sun_path) die(EX_CONFIG, "too long: ", conf_run());
  int const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die_system(EX_OSERR, "make a socket");
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  int result;
  do result = connect(fd, (struct sockaddr *)&address, sizeof address);
  while (result < 0 && errno == EINTR);
  if (result < 0) die_unconnected(address.sun_path);
  return fd;
}

/* ---- submitting ------------------------------------------------------------------------------ */

static void show(bool is_reply, char const *line, size_t len) {
  fprintf(stderr, "%s %.*s\n", is_reply ? "<<" : ">>", (int)len, line);
}

static relay_t *start_session(bool verbose) {
  static relay_settings_t settings = {.protocol = RELAY_SMTP, .helo = "localhost"};
  if (verbose) settings.trace = show;
  int const fd = service_connect();
  if (ndelay_on(fd) < 0) die_system(EX_OSERR, "speak with the service");
  relay_t *const relay = relay_start(&settings, fd, relay_now());
  if (!relay) die_system(EX_OSERR, "begin a session");
  if (relay_finish(relay) == RELAY_READY) return relay;
  chain_verdict_t verdict = *relay_verdict(relay);
  verdict.kind = CHAIN_DEFER; /* it is no fault of the message's */
  die_refused(&verdict, "the service");
}

static void fill_recipients(relay_transaction_t *transaction, envelope_t const *envelope) {
  addresses_t const *addresses = envelope->recipients;
  char const *address = addresses->list.s;
  transaction->count = addresses->count;
  transaction->recipients = calloc(addresses->count, sizeof *transaction->recipients);
  if (!transaction->recipients) die_system(EX_OSERR, "keep the recipients");
  for (size_t i = 0; i < addresses->count; i++, address += strlen(address) + 1) {
    transaction->recipients[i].address = address;
    transaction->recipients[i].notify = envelope->notify;
  }
}

/* The file has the old header, too, which is left out. */
static void fill_message(relay_transaction_t *transaction, message_t const *message,
                         draft_t const *draft) {
  static queue_range_t header;
  header.end = draft->body;
  transaction->message = (queue_stream_t){.fd = message->fd,
                                          .size = message->len,
                                          .headers = draft->header.s,
                                          .headers_len = draft->header.len,
                                          .ranges = &header,
                                          .nranges = header.end ? 1 : 0};
}

/* The service's lines may have any length: what goes on to others is encoded then. */
void service_submit(envelope_t const *envelope, message_t const *message, draft_t const *draft,
                    bool verbose) {
  relay_transaction_t transaction = {.sender = envelope->sender,
                                     .ret = envelope->ret,
                                     .envid = envelope->id,
                                     .utf8 = true,
                                     .all_or_none = true,
                                     .any_length = true};
  fill_recipients(&transaction, envelope);
  fill_message(&transaction, message, draft);
  relay_t *const relay = start_session(verbose);
  relay_transact(relay, &transaction, relay_now());
  relay_finish(relay);
  chain_verdict_t const *const verdict = &transaction.recipients[0].verdict;
  if (verdict->kind != CHAIN_ACCEPT)
    die_refused(verdict, transaction.refused ? transaction.refused->address : "");
  relay_quit(relay, relay_now());
  relay_finish(relay);
  relay_free(relay);
  free(transaction.recipients);
}

/* ---- letting others speak -------------------------------------------------------------------- */

/* Passes on what is there. False at the end. */
static bool pass(int from, int to) {
  char buffer[8192];
  ssize_t n;
  do n = read(from, buffer, sizeof buffer);
  while (n < 0 && errno == EINTR);
  return n > 0 && allwrite(to, buffer, (size_t)n) == (size_t)n;
}

void service_relay(void) {
  int const fd = service_connect();
  struct pollfd sides[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  for (;;) {
    int const ready = poll(sides, 2, PATIENCE * 1000);
    if (!ready || (ready < 0 && errno != EINTR)) return;
    if (ready < 0) continue;
    if (sides[0].revents && !pass(fd, 1)) return;
    if (!sides[1].revents || pass(0, fd)) continue;
    shutdown(fd, SHUT_WR);
    sides[1].fd = -1;
  }
}
