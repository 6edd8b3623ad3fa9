#include <errno.h>
#include <string.h>

#include "smtp/smtp.h"
#include "text/text.h"

/* ---- xtext ---- */

/* RFC 3461 4 has upper case only. */
static int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes the xchar or hexchar at the start of s. Its bytes, or 0. */
static size_t xtext_step(char *c, char const *s, size_t len) {
  if (*s != '+') {
    *c = *s;
    return is_printable(*s) && *s != ' ' && *s != '=' ? 1 : 0;
  }
  int high = len > 1 ? hex_value(s[1]) : -1;
  int low = len > 2 ? hex_value(s[2]) : -1;
  if (high < 0 || low < 0) return 0;
  *c = (char)(high << 4 | low);
  return is_control(*c) ? 0 : 3;
}

ssize_t smtp_xtext_decode(char *out, size_t size, char const *s, size_t len) {
  size_t out_len = 0;
  for (size_t at = 0; at < len;) {
    char c;
    size_t step = xtext_step(&c, s + at, len - at);
    if (!step) return errno = EINVAL, -1;
    if (out_len + 1 >= size) return errno = EMSGSIZE, -1;
    out[out_len++] = c;
    at += step;
  }
  if (!size) return errno = EMSGSIZE, -1;
  out[out_len] = 0;
  return (ssize_t)out_len;
}

/* An xchar or a hexchar, three bytes at most. */
static size_t xtext_put(char *out, char c) {
  static char const digits[] = "0123456789ABCDEF";
  out[0] = c;
  if (c != ' ' && c != '+' && c != '=') return 1;
  out[0] = '+';
  out[1] = digits[c >> 4];
  out[2] = digits[c & 15];
  return 3;
}

ssize_t smtp_xtext_encode(char *out, size_t size, char const *s, size_t len) {
  size_t out_len = 0;
  for (size_t i = 0; i < len; i++) {
    char piece[3];
    if (!is_printable(s[i])) return errno = EINVAL, -1;
    size_t n = xtext_put(piece, s[i]);
    if (n >= size - out_len || size <= out_len) return errno = EMSGSIZE, -1;
    memcpy(out + out_len, piece, n);
    out_len += n;
  }
  if (!size) return errno = EMSGSIZE, -1;
  out[out_len] = 0;
  return (ssize_t)out_len;
}

bool smtp_xtext_valid(char const *s, size_t len) {
  for (size_t at = 0; at < len;) {
    char c;
    size_t step = xtext_step(&c, s + at, len - at);
    if (!step || !is_ascii(c)) return false;
    at += step;
  }
  return true;
}

/* ---- NOTIFY ---- */

bool smtp_notify_valid(char const *s, size_t len) {
  static char const *const conditions[] = {"SUCCESS", "FAILURE", "DELAY"};
  bool seen[3] = {false};
  if (smtp_word_is(s, len, "NEVER")) return true;
  for (;;) {
    char const *comma = memchr(s, ',', len);
    size_t word_len = comma ? (size_t)(comma - s) : len, i = 0;
    while (i < 3 && !smtp_word_is(s, word_len, conditions[i])) i++;
    if (i == 3 || seen[i]) return false;
    seen[i] = true;
    if (!comma) return true;
    s += word_len + 1;
    len -= word_len + 1;
  }
}

/* ---- ORCPT ---- */

/* The bytes of an EmbeddedUnicodeChar (RFC 6533 3), "\x{E9}", at the start of s; else 0. */
static size_t embedded_length(char const *s, size_t len) {
  unsigned long point = 0;
  size_t at = 3;
  if (len < 3 || memcmp(s, "\\x{", 3) != 0) return 0;
  for (; at < len && at < 9 && hex_value(s[at]) >= 0; at++)
    point = point << 4 | (unsigned long)hex_value(s[at]);
  bool surrogate = point >= 0xd800 && point <= 0xdfff;
  bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  if (at == 3 || at == len || s[at] != '}' || surrogate || control || point > 0x10ffff) return 0;
  return at + 1;
}

/* utf-8-addr-unitext of RFC 6533 3; utf-8-addr-xtext is a part of it. */
static bool unitext_valid(char const *s, size_t len) {
  for (size_t at = 0; at < len;) {
    bool plain = is_printable(s[at]) && !strchr(" \\+=", s[at]);
    size_t step = plain ? 1 : utf8_length(s + at, len - at);
    if (!step) step = embedded_length(s + at, len - at);
    if (!step) return false;
    at += step;
  }
  return true;
}

bool smtp_orcpt_valid(char const *s, size_t len, smtp_charset_t charset) {
  char const *semicolon = memchr(s, ';', len);
  if (!semicolon || semicolon == s || len > SMTP_ORCPT_MAX) return false;
  size_t type_len = (size_t)(semicolon - s), address_len = len - type_len - 1;
  for (size_t i = 0; i < type_len; i++)
    if (!is_atext(s[i])) return false;
  if (!address_len) return false;
  if (charset == SMTP_UTF8 && smtp_word_is(s, type_len, "utf-8"))
    return unitext_valid(semicolon + 1, address_len);
  return smtp_xtext_valid(semicolon + 1, address_len);
}
