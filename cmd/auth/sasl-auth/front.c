#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "base64/base64.h"
#include "clock/clock.h"
#include "sasl-auth.h"

static char input[SASL_REQUEST_MAX];
static size_t start, end;

/* ---- reading -------------------------------------------------------------------------------- */

static void wait_for_input(int64_t deadline) {
  struct pollfd front = {.fd = 0, .events = POLLIN};
  for (;;) {
    int64_t const left = deadline - clock_milliseconds();
    if (left <= 0) strerr_dief1x(99, "the front says nothing");
    int const n = poll(&front, 1, left > INT32_MAX ? INT32_MAX : (int)left);
    if (n > 0) return;
    if (n < 0 && errno != EINTR) strerr_diefu1sys(111, "wait for the front");
  }
}

static void read_more(int64_t deadline) {
  memmove(input, input + start, end - start);
  end -= start;
  start = 0;
  if (end == sizeof input) strerr_dief1x(100, "a line of the front's is too long");
  wait_for_input(deadline);
  ssize_t const n = fd_read(0, input + end, sizeof input - end);
  if (n < 0 && errno != ECONNRESET) strerr_diefu1sys(111, "read from the front");
  if (n <= 0) _exit(0);
  end += (size_t)n;
}

char *front_read(unsigned int seconds) {
  int64_t const deadline = clock_milliseconds() + (int64_t)seconds * 1000;
  char *newline;
  while (!(newline = memchr(input + start, '\n', end - start))) read_more(deadline);
  char *const line = input + start;
  *newline = 0;
  start = (size_t)(newline - input) + 1;
  if (strlen(line) != (size_t)(newline - line)) strerr_dief1x(100, "a NUL from the front");
  return line;
}

void front_forget(void) {
  explicit_bzero(input, start);
  explicit_bzero(input + end, sizeof input - end); /* what was there before it was moved */
}

/* ---- writing -------------------------------------------------------------------------------- */

static char output[SASL_FACTS_MAX + SASL_LINE_MAX];
static size_t output_len;

static void put(char const *s) {
  size_t const len = strlen(s);
  if (len > sizeof output - output_len) strerr_dief1x(101, "an answer is too long");
  memcpy(output + output_len, s, len);
  output_len += len;
}

static void flush(void) {
  if (allwrite(1, output, output_len) < output_len) _exit(errno == EPIPE ? 0 : 111);
  output_len = 0;
}

void front_challenge(char const *bytes, size_t len) {
  char text[BASE64_ENCODED(SASL_OUT_MAX) + 1];
  base64_encode(text, bytes, len);
  put("+ ");
  put(text);
  put("\n");
  flush();
}

void front_refuse(sasl_result_t result, char const *text) {
  put("NO ");
  put(sasl_result_word(result));
  put(" ");
  put(text);
  put("\n");
  flush();
}

static bool is_of(char const *fact, char const *name) {
  size_t const len = strlen(name);
  return !strncmp(fact, name, len) && fact[len] == '=';
}

static void put_fact(char const *name, char const *value) {
  put(name);
  put("=");
  put(value);
  put("\n");
}

/* An id that is ours says nothing about the user. */
static bool is_own_id(char const *facts) {
  char digits[UINT64_FMT];
  digits[uint64_fmt(digits, getuid())] = 0;
  for (; *facts; facts += strlen(facts) + 1)
    if (is_of(facts, "AUTH_UID")) return !strcmp(strchr(facts, '=') + 1, digits);
  return true;
}

void front_accept(char const *method, char const *facts, char const *user) {
  put("OK\n");
  put_fact("AUTH_USER", user);
  put_fact("AUTH_METHOD", method);
  bool const no_ids = is_own_id(facts);
  for (; *facts; facts += strlen(facts) + 1) {
    if (is_of(facts, "AUTH_USER")) continue;
    if (no_ids && (is_of(facts, "AUTH_UID") || is_of(facts, "AUTH_GID"))) continue;
    put(facts);
    put("\n");
  }
  put("\n");
  flush();
}
