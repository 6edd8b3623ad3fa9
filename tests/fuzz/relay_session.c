/* A server that says anything at all: a session with it ends, each recipient has a verdict, and
   none is an acceptance unless the server was sent the end of the message. The first byte chooses
   the protocol, TLS, a login, all or none, and the message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/relay.h"

#define SAID_MAX 65536

static char const *const messages[] = {"Subject: x\n\nbody\n.\n", "",
                                       "Subject: \xc3\xa4\n\n\xc3\xa4\n", "\n\ra\r\n.\nno end"};

static relay_login_t const login = {.name = "user", .password = "secret", .clear_text = true};
static unsigned int const patience[RELAY_PATIENCES]; /* none: nobody is going to say more */

static relay_recipient_t recipients[3];
static relay_transaction_t transaction;

static void set_up(char const *text) {
  static int fd = -1;
  static char const *const addresses[] = {"a@example.org", "\xc3\xa4@example.org", "c@example.net"};
  if (fd < 0) fd = memfd_create("message", 0);
  if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0) abort();
  for (size_t i = 0; i < 3; i++) recipients[i] = (relay_recipient_t){.address = addresses[i]};
  static smtp_by_t const by = {.seconds = 100, .returns = true};
  transaction = (relay_transaction_t){.sender = "s@example.org",
                                      .priority = "3",
                                      .auth = "s@example.org",
                                      .by = *text ? NULL : &by,
                                      .count = 3,
                                      .recipients = recipients};
  transaction.message = (queue_stream_t){.fd = fd, .size = strlen(text)};
}

/* What we said is to have the end of a message. */
static bool has_end(int server, bool empty) {
  static char said[SAID_MAX + 1];
  size_t len = 0;
  for (ssize_t n; (n = recv(server, said + len, SAID_MAX - len, MSG_DONTWAIT)) > 0;)
    len += (size_t)n;
  said[len] = 0;
  return strstr(said, " LAST\r\n") || strstr(said, empty ? "DATA\r\n.\r\n" : "\r\n.\r\n");
}

static void check(int server, bool empty) {
  bool const ended = has_end(server, empty);
  for (size_t i = 0; i < 3; i++) {
    chain_verdict_t const *const verdict = &recipients[i].verdict;
    if (recipients[i].progress < RELAY_SKIPPED || !verdict->kind) abort();
    if (verdict->kind == CHAIN_ACCEPT && !ended) abort();
  }
}

static void talk(relay_settings_t const *settings, int client, int server, bool empty) {
  relay_t *const relay = relay_start(settings, client, 1);
  relay_state_t state = RELAY_BUSY;
  for (int i = 0; i < 100 && state == RELAY_BUSY; i++) state = relay_step(relay, 0);
  if (state == RELAY_BUSY) state = relay_step(relay, 2);
  if (state == RELAY_READY) {
    relay_transact(relay, &transaction, 3);
    state = relay_step(relay, 3);
    if (state == RELAY_BUSY) abort();
    check(server, empty);
    relay_quit(relay, 4);
    state = relay_step(relay, 5);
  }
  if (state == RELAY_BUSY) abort();
  relay_free(relay);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  int pair[2];
  if (!size || size > 60000) return 0;
  char const *const message = messages[data[0] >> 4 & 3];
  relay_settings_t const settings = {.protocol = data[0] & 1 ? RELAY_LMTP : RELAY_SMTP,
                                     .helo = "me.example",
                                     .security = data[0] & 2 ? RELAY_OPPORTUNISTIC : RELAY_PLAIN,
                                     .login = data[0] & 4 ? &login : NULL,
                                     .patience = patience};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0) abort();
  if (send(pair[1], data + 1, size - 1, MSG_NOSIGNAL) < 0) abort();
  set_up(message);
  transaction.all_or_none = data[0] & 8;
  talk(&settings, pair[0], pair[1], !*message);
  close(pair[1]);
  return 0;
}
