/* Foreign bytes on an administrator's terminal, and in JSON: no controls, and UTF-8 alone. */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "print/print.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static char *out;
static size_t out_len;

/* A buffer's write. */
static ssize_t keep(int fd, struct iovec const *v, unsigned int count) {
  size_t const before = out_len;
  (void)fd;
  for (unsigned int i = 0; i < count; i++) {
    if (v[i].iov_len) memcpy(out + out_len, v[i].iov_base, v[i].iov_len);
    out_len += v[i].iov_len;
  }
  return (ssize_t)(out_len - before);
}

static bool is_control(unsigned char c) {
  return c < ' ' || c == 0x7f;
}

/* Bytes of the character that s begins with, 0 if that is none (RFC 3629). */
static size_t character(unsigned char const *s, size_t len) {
  static unsigned const least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (*s < 0x80) return 1;
  size_t const n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
  if (*s < 0xc2 || *s > 0xf4 || n > len) return 0;
  unsigned code = *s & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    if ((s[i] & 0xc0) != 0x80) return 0;
    code = code << 6 | (s[i] & 0x3f);
  }
  return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

static void check(size_t len, char const *allowed) {
  unsigned char const *s = (unsigned char const *)out;
  for (size_t n; len; s += n, len -= n) {
    if (!(n = character(s, len))) __builtin_trap();
    if (is_control(*s) && (!*s || !strchr(allowed, *s))) __builtin_trap();
  }
}

static void start(print_t *print, buffer *to, char *space, size_t size) {
  out_len = 0;
  buffer_init(to, keep, 1, space, size);
  *print = (print_t){.to = to};
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  char space[256];
  buffer to;
  print_t print;
  json_t json = {.print = &print};
  char *text = malloc(size + 1);
  out = malloc(6 * size + 64); /* a byte is six at most, "\u001b" */
  if (!text || !out) abort();
  memcpy(text, data, size);
  text[size] = 0;
  for (int lines = 0; lines < 2; lines++) {
    start(&print, &to, space, sizeof space);
    size_t const count = (lines ? print_safe_lines : print_safe_bytes)(&print, text, size);
    if (print_end(&print) < 0 || count > size || out_len > size) __builtin_trap();
    check(out_len, lines ? "\t\n" : "");
  }
  start(&print, &to, space, sizeof space);
  json_str(&json, 0, text);
  if (print_end(&print) < 0) __builtin_trap();
  if (out_len < 2 || out[0] != '"' || out[out_len - 1] != '"') __builtin_trap();
  check(out_len, "");
  free(text);
  free(out);
  return 0;
}
