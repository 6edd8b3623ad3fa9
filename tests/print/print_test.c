#include <errno.h>

#include <skalibs/buffer.h>

#include "../unit.h"
#include "print/print.h"

static char out[4096];
static size_t out_len;

/* A buffer's write. */
static ssize_t keep(int fd, struct iovec const *v, unsigned int n) {
  size_t len = 0;
  if (fd < 0) return errno = ENOSPC, -1;
  for (unsigned int i = 0; i < n; i++) {
    if (v[i].iov_len) memcpy(out + out_len, v[i].iov_base, v[i].iov_len);
    out_len += v[i].iov_len;
    len += v[i].iov_len;
  }
  return (ssize_t)len;
}

static char space[4096];
static buffer kept;
static print_t printer = {.to = &kept};

static void start(int fd) {
  buffer_init(&kept, keep, fd, space, sizeof space);
  printer = (print_t){.to = &kept};
  out_len = 0;
}

static void check(char const *name, char const *want) {
  CHECK_INT(name, print_end(&printer), 0);
  out[out_len] = 0;
  CHECK_STR(name, out, want);
}

static struct safe_case {
  char const *name, *bytes, *want;
} const safe_cases[] = {
    {"plain", "a@b", "a@b       |"},
    {"controls", "\x1b[31m\r\n\t\x7f", "?[31m???? |"},
    {"UTF-8", "gr\xc3\xbcn", "gr\xc3\xbcn      |"},
    {"not UTF-8", "a\xff\xc3x", "a??x      |"},
    {"controls in UTF-8", "\xc2\x9b", "??        |"},
    {"turned round",
     "a\xe2\x80\xae"
     "b",
     "a?b       |"},
    {"an Arabic mark", "\xd8\x9c", "?         |"},
    {"an Arabic letter", "\xd8\xa8", "\xd8\xa8         |"},
    {"isolated", "\xe2\x81\xa6", "?         |"},
    {"long", "0123456789ab", "0123456789ab|"},
};

static void test_safe(void) {
  for (size_t i = 0; i < sizeof safe_cases / sizeof *safe_cases; i++) {
    start(1);
    print_safe(&printer, safe_cases[i].bytes, 10);
    print_str(&printer, "|");
    check(safe_cases[i].name, safe_cases[i].want);
  }
  start(1);
  print_safe_lines(&printer, "a\tb\r\n\x1b", 6);
  check("lines", "a\tb?\n?");
  start(1);
  printer.raw = true;
  print_safe(&printer, "\x1b\xff", 0);
  check("raw", "\x1b\xff");
}

static void test_numbers(void) {
  start(1);
  print_seconds(&printer, 119, 6);
  print_seconds(&printer, 120, 6);
  print_seconds(&printer, 7199, 6);
  print_seconds(&printer, 200000, 0);
  check("seconds", "119s  2m    119m  2d");
  start(1);
  print_size(&printer, 2047, 6);
  print_size(&printer, 2048, 0);
  check("sizes", "2047  2K");
  start(1);
  print_count(&printer, 1, "message", "messages");
  print_count(&printer, 0, "message", "messages");
  check("counts", "1 message0 messages");
  start(1);
  print_time(&printer, 1795210400);
  check("a time", "2026-11-20 21:33:20");
  start(1);
  print_time(&printer, UINT64_MAX);
  check("a late time", "9999-12-31 23:59:59");
}

static void test_json(void) {
  start(1);
  json_t json = {.print = &printer};
  json_object(&json, 0);
  json_str(&json, "a", "\"\\\n\x1b\xff\xc3\xa4");
  json_uint(&json, "b", UINT64_MAX);
  json_int(&json, "least", INT64_MIN);
  json_bytes(&json, "cut", "\xc3\xa4\xc3\xa4", 3);
  json_array(&json, "c");
  json_uint(&json, 0, 1);
  json_object(&json, 0);
  json_close(&json);
  json_str(&json, 0, 0);
  json_close(&json);
  json_bool(&json, "d", false);
  json_close(&json);
  check("nested", "{\"a\":\"\\\"\\\\\\n\\ufffd\\ufffd\xc3\xa4\",\"b\":18446744073709551615,"
                  "\"least\":-9223372036854775808,\"cut\":\"\xc3\xa4\\ufffd\","
                  "\"c\":[1,{},null],\"d\":false}\n");
}

static void test_failure(void) {
  start(-1);
  print_str(&printer, "x");
  CHECK_INT("a full disk", print_end(&printer), -1);
}

int main(void) {
  test_safe();
  test_numbers();
  test_json();
  test_failure();
  return unit_done();
}
