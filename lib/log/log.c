#include "log/log.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/types.h>

/* Room that log_send always finds: " cut=1\n". */
#define TAIL 7

static char const *session;

void log_session(char const *id) {
  session = id;
}

static bool put(log_line_t *line, char const *s, size_t len) {
  if (len > LOG_LINE_MAX - TAIL - line->len) return false;
  memcpy(line->text + line->len, s, len);
  line->len += len;
  return true;
}

static void put_word(log_line_t *line, char const *word) {
  put(line, word, strlen(word));
}

void log_start(log_line_t *line, char const *program, char const *event) {
  line->len = 0;
  line->cut = false;
  put_word(line, program);
  put(line, ":", 1);
  if (session) log_str(line, "session", session);
  put(line, " event=", 7);
  put_word(line, event);
}

static bool needs_quotes(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
  }
  return !len;
}

/* Writes c as it may stand between quotes. Returns its bytes, at most 4. */
static size_t escape(char *out, unsigned char c) {
  static char const hex[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out[0] = '\\';
    out[1] = (char)c;
    return 2;
  }
  if (c >= ' ' && c < 0x7f) {
    out[0] = (char)c;
    return 1;
  }
  out[0] = '\\';
  out[1] = 'x';
  out[2] = hex[c >> 4];
  out[3] = hex[c & 15];
  return 4;
}

static bool put_quoted(log_line_t *line, char const *s, size_t len) {
  if (!put(line, "\"", 1)) return false;
  for (size_t i = 0; i < len; i++) {
    char escaped[4];
    if (!put(line, escaped, escape(escaped, (unsigned char)s[i]))) return false;
  }
  return put(line, "\"", 1);
}

void log_bytes(log_line_t *line, char const *key, char const *value, size_t len) {
  size_t before = line->len;
  bool long_value = len > LOG_VALUE_MAX;
  if (long_value) len = LOG_VALUE_MAX;
  put(line, " ", 1);
  put_word(line, key);
  bool fits = put(line, "=", 1);
  fits = fits && (needs_quotes(value, len) ? put_quoted(line, value, len) : put(line, value, len));
  fits = fits && (!long_value || put(line, "...", 3));
  if (fits) return;
  line->len = before;
  line->cut = true;
}

void log_str(log_line_t *line, char const *key, char const *value) {
  log_bytes(line, key, value, strlen(value));
}

void log_uint(log_line_t *line, char const *key, uint64_t value) {
  char digits[UINT64_FMT];
  log_bytes(line, key, digits, uint64_fmt(digits, value));
}

void log_errno(log_line_t *line, int error) {
  log_str(line, "error", strerror(error));
}

void log_send(log_line_t *line) {
  if (line->cut) {
    memcpy(line->text + line->len, " cut=1", 6);
    line->len += 6;
  }
  line->text[line->len++] = '\n';
  ssize_t ignored = write(2, line->text, line->len);
  (void)ignored;
}

void log_failed_step(char const *program, char const *step) {
  int const error = errno;
  log_line_t line;
  log_start(&line, program, "failure");
  log_str(&line, "step", step);
  log_errno(&line, error);
  log_send(&line);
  errno = error;
}
