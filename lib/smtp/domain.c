#include "smtp/domain.h"

#include <string.h>

#include "text/text.h"

/* An A-label is "xn--" and at least one octet for each character of the U-label. */
enum { ULABEL_CHARACTERS_MAX = SMTP_LABEL_MAX - 4 };

static bool is_ldh(char c) {
  return is_letdig(c) || c == '-' || c == '_';
}

static smtp_path_status_t label_check(char const *s, size_t len) {
  size_t characters = 0;
  if (!len || s[0] == '-' || s[len - 1] == '-') return SMTP_PATH_SYNTAX;
  for (size_t i = 0; i < len; characters++) {
    size_t step = is_ldh(s[i]) ? 1 : utf8_length(s + i, len - i);
    if (!step) return SMTP_PATH_SYNTAX;
    i += step;
  }
  size_t max = characters == len ? SMTP_LABEL_MAX : ULABEL_CHARACTERS_MAX;
  return characters > max ? SMTP_PATH_TOO_LONG : SMTP_PATH_OK;
}

smtp_path_status_t smtp_domain_check(char const *s, size_t len) {
  smtp_path_status_t result = len > SMTP_DOMAIN_MAX ? SMTP_PATH_TOO_LONG : SMTP_PATH_OK;
  for (;;) {
    char const *dot = memchr(s, '.', len);
    size_t label_len = dot ? (size_t)(dot - s) : len;
    smtp_path_status_t status = label_check(s, label_len);
    if (status == SMTP_PATH_SYNTAX) return status;
    if (status) result = status;
    if (!dot) return result;
    s += label_len + 1;
    len -= label_len + 1;
  }
}

bool smtp_domain_valid(char const *s, size_t len, smtp_charset_t charset) {
  if (smtp_domain_check(s, len)) return false;
  for (size_t i = 0; i < len; i++)
    if (!is_ascii(s[i]) && charset == SMTP_ASCII) return false;
  return true;
}

/* ---- literals ---- */

/* The bytes of a Snum, 1 to 3 digits of at most 255; else 0. */
static size_t snum_length(char const *s, size_t len) {
  unsigned int value = 0;
  size_t n = 0;
  while (n < len && n < 4 && is_digit(s[n])) value = value * 10 + (unsigned int)(s[n++] - '0');
  return n <= 3 && value <= 255 ? n : 0;
}

static bool ipv4_valid(char const *s, size_t len) {
  size_t at = 0;
  for (unsigned int part = 0; part < 4; part++) {
    if (part && (at == len || s[at++] != '.')) return false;
    size_t n = snum_length(s + at, len - at);
    if (!n) return false;
    at += n;
  }
  return at == len;
}

static bool is_hex_group(char const *s, size_t len) {
  if (!len || len > 4) return false;
  for (size_t i = 0; i < len; i++)
    if (!is_digit(s[i]) && !((s[i] | 32) >= 'a' && (s[i] | 32) <= 'f')) return false;
  return true;
}

/* The 16-bit groups in a list of IPv6-hex, which may end in an IPv4 address (two groups) if that is
   allowed; none in an empty list. Over 8 if it is no such list. */
static unsigned int ipv6_groups(char const *s, size_t len, bool ipv4_allowed) {
  enum { NONE = 9 };
  if (!len) return 0;
  for (unsigned int groups = 0; groups < NONE; groups++) {
    char const *colon = memchr(s, ':', len);
    size_t group_len = colon ? (size_t)(colon - s) : len;
    if (!colon && ipv4_allowed && ipv4_valid(s, len)) return groups + 2;
    if (!is_hex_group(s, group_len)) return NONE;
    if (!colon) return groups + 1;
    s += group_len + 1;
    len -= group_len + 1;
  }
  return NONE;
}

static bool ipv6_valid(char const *s, size_t len) {
  char const *gap = memmem(s, len, "::", 2);
  if (!gap) return ipv6_groups(s, len, true) == 8;
  /* "::" stands for at least two groups. */
  size_t before = (size_t)(gap - s);
  return ipv6_groups(s, before, false) + ipv6_groups(gap + 2, len - before - 2, true) <= 6;
}

/* General-address-literal: Standardized-tag ":" 1*dcontent. */
static bool general_valid(char const *s, size_t len) {
  char const *colon = memchr(s, ':', len);
  if (!colon || colon == s || !is_letdig(colon[-1]) || colon + 1 == s + len) return false;
  for (char const *c = s; c < colon; c++)
    if (!is_letdig(*c) && *c != '-') return false;
  for (char const *c = colon + 1; c < s + len; c++)
    if (!is_printable(*c) || strchr(" [\\]", *c)) return false;
  return true;
}

bool smtp_literal_valid(char const *s, size_t len) {
  static char const tag[] = "IPv6:";
  size_t tag_len = sizeof tag - 1;
  if (len < 2 || len > SMTP_DOMAIN_MAX || s[0] != '[' || s[len - 1] != ']') return false;
  s++;
  len -= 2;
  if (len >= tag_len && smtp_word_is(s, tag_len, tag))
    return ipv6_valid(s + tag_len, len - tag_len);
  return ipv4_valid(s, len) || general_valid(s, len);
}
