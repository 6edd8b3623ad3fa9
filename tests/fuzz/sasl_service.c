/* An auth service that says anything at all: an exchange with it ends, success names a user, facts
   are AUTH_ ones, and texts are lines. The first byte chooses the command; what
   it says at one time ends in 0xff. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sasl/sasl.h"

#define STEPS 8

static void check_line(char const *text, size_t room) {
  size_t const len = strnlen(text, room);
  if (len == room || strcspn(text, "\n") != len) abort();
}

static void check_facts(sasl_service_t const *service) {
  for (size_t at = 0; at < service->facts_len; at += strlen(service->facts + at) + 1) {
    check_line(service->facts + at, service->facts_len - at);
    if (strncmp(service->facts + at, "AUTH_", 5) != 0) abort();
  }
}

static void check(sasl_service_t const *service, sasl_result_t result) {
  check_line(service->text, sizeof service->text);
  if (result == SASL_SUCCESS) check_facts(service);
  if (result == SASL_SUCCESS && !sasl_service_fact(service, "AUTH_USER")) abort();
}

static sasl_result_t ask(sasl_service_t *service, unsigned int how, int step) {
  if (step) return sasl_service_answer(service, how & 4 ? "*" : "AGEAYg==");
  if (how & 1) return sasl_service_apop(service, "<1.2@me.example>", "user", "0123456789abcdef");
  return sasl_service_start(service, "PLAIN", how & 2 ? "AGEAYg==" : NULL);
}

/* Says the next part, and goes away behind the last one. */
static void say(int fd, uint8_t const **data, size_t *size) {
  uint8_t const *const end = memchr(*data, 0xff, *size);
  size_t const len = end ? (size_t)(end - *data) : *size;
  if (len && send(fd, *data, len, MSG_NOSIGNAL) < 0) abort();
  if (!end) shutdown(fd, SHUT_WR);
  *size -= len + !!end;
  *data += len + !!end;
}

static void talk(int const pair[2], uint8_t const *data, size_t size) {
  unsigned int const how = *data++;
  sasl_service_t service = {.fd = pair[0], .milliseconds = 2};
  sasl_result_t result = SASL_CHALLENGE;
  size--;
  for (int step = 0; step < STEPS && result == SASL_CHALLENGE; step++) {
    say(pair[1], &data, &size);
    result = ask(&service, how, step);
    check(&service, result);
  }
  sasl_service_close(&service);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  int pair[2];
  if (!size || size > 60000) return 0;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0) abort();
  talk(pair, data, size);
  close(pair[1]);
  return 0;
}
