#include <string.h>

#include "dsn/internal.h"
#include "text/text.h"

/* Bytes of the character at s: 1 also for what is none. */
static size_t character(char const *s, size_t len, bool *bad) {
  size_t const n = is_ascii(*s) ? 1 : utf8_length(s, len);
  *bad = !n;
  return n ? n : 1;
}

/* Appends a piece unless it is too long for what is left. */
static bool append(char *out, size_t size, size_t *len, char const *piece, size_t piece_len) {
  if (piece_len >= size - *len) return false;
  memcpy(out + *len, piece, piece_len);
  *len += piece_len;
  return true;
}

size_t dsn_clean(char *out, size_t size, char const *s, size_t len) {
  size_t out_len = 0;
  bool bad, fits = true;
  for (size_t at = 0, n; at < len && fits; at += n) {
    n = character(s + at, len - at, &bad);
    if (bad)
      fits = append(out, size, &out_len, "\xef\xbf\xbd", 3);
    else
      fits = append(out, size, &out_len, is_control(s[at]) ? " " : s + at, n);
  }
  out[out_len] = 0;
  return out_len;
}

static unsigned long code_point(char const *s, size_t n) {
  unsigned long point = (unsigned char)s[0];
  if (n > 1) point &= 0xffu >> (n + 1);
  for (size_t i = 1; i < n; i++) point = point << 6 | ((unsigned char)s[i] & 0x3f);
  return point;
}

/* Writes \x{E9}; at most 10 bytes. */
static size_t embed(char *out, unsigned long point) {
  static char const hex[] = "0123456789ABCDEF";
  size_t len = 3;
  unsigned int digits = 2;
  memcpy(out, "\\x{", 3);
  while (point >> 4 * digits) digits++;
  while (digits--) out[len++] = hex[point >> 4 * digits & 15];
  out[len++] = '}';
  return len;
}

size_t dsn_escape(char *out, size_t size, char const *s, size_t len, char const *escaped) {
  size_t out_len = 0;
  bool bad, fits = true;
  char piece[16];
  for (size_t at = 0, n; at < len && fits; at += n) {
    n = character(s + at, len - at, &bad);
    bool const special = n > 1 || (s[at] && strchr(escaped, s[at]));
    char const plain = bad ? '?' : is_control(s[at]) ? ' ' : s[at];
    size_t const piece_len = special && !bad ? embed(piece, code_point(s + at, n)) : 1;
    if (piece_len == 1) *piece = plain;
    fits = append(out, size, &out_len, piece, piece_len);
  }
  out[out_len] = 0;
  return out_len;
}

bool dsn_names(char const *s, size_t len, char const *name) {
  return strlen(name) == len && !memcmp(s, name, len);
}

bool dsn_is_ascii(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!is_ascii(s[i])) return false;
  return true;
}

bool dsn_is_utf8(char const *s, size_t len) {
  bool bad = false;
  for (size_t at = 0; at < len && !bad;) at += character(s + at, len - at, &bad);
  return !bad;
}
