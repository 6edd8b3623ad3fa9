/* Log lines: quoting, caps, hostile values. */
#include <unistd.h>

#include "../unit.h"
#include "log/log.h"

static log_line_t line;

static char const *text(void) {
  static char copy[LOG_LINE_MAX + 1];
  memcpy(copy, line.text, line.len);
  copy[line.len] = 0;
  return copy;
}

static char const *with(char const *value, size_t len) {
  log_start(&line, "p", "e");
  log_bytes(&line, "k", value, len);
  return text();
}

static void values(void) {
  static struct {
    char const *name, *value, *want;
  } const cases[] = {
      {"plain", "a@b.example", "p: event=e k=a@b.example"},
      {"empty", "", "p: event=e k=\"\""},
      {"blank", "a b", "p: event=e k=\"a b\""},
      {"equals", "a=b", "p: event=e k=\"a=b\""},
      {"quote", "a\"b", "p: event=e k=\"a\\\"b\""},
      {"backslash", "a\\b", "p: event=e k=\"a\\\\b\""},
      {"line feed", "a\nb: event=fake", "p: event=e k=\"a\\x0ab: event=fake\""},
      {"escape", "\033[2J", "p: event=e k=\"\\x1b[2J\""},
      {"utf-8", "\xc3\xa9", "p: event=e k=\"\\xc3\\xa9\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_STR(cases[i].name, with(cases[i].value, strlen(cases[i].value)), cases[i].want);
  CHECK_STR("NUL", with("a\0b", 3), "p: event=e k=\"a\\x00b\"");
}

static void caps(void) {
  static char big[LOG_LINE_MAX];
  memset(big, 'x', sizeof big);
  with(big, sizeof big);
  CHECK("a long value is cut", line.len == strlen("p: event=e k=") + LOG_VALUE_MAX + 3);
  memset(big, '\n', sizeof big);
  with("short", 5);
  log_bytes(&line, "first", big, sizeof big);
  CHECK_STR("what does not fit is left out", text(), "p: event=e k=short");
  CHECK("and noted", line.cut);
  for (int i = 0; i < 100; i++)
    log_bytes(&line, "more", "0123456789012345678901234567890123456789", 40);
  int ends[2];
  if (pipe(ends) < 0) return;
  int stderr_copy = dup(2);
  dup2(ends[1], 2);
  log_send(&line);
  dup2(stderr_copy, 2);
  char got[2 * LOG_LINE_MAX];
  ssize_t n = read(ends[0], got, sizeof got);
  CHECK("a full line is one write of at most 4096 bytes", n > 0 && n <= LOG_LINE_MAX);
  CHECK("and ends in cut=1", n > 7 && !memcmp(got + n - 7, " cut=1\n", 7));
}

static void sessions(void) {
  log_session("s1");
  log_start(&line, "p", "e");
  log_uint(&line, "n", UINT64_MAX);
  CHECK_STR("session and number", text(), "p: session=s1 event=e n=18446744073709551615");
}

int main(void) {
  values();
  caps();
  sessions();
  return unit_done();
}
