#include <errno.h>

#include "smtp/smtp.h"
#include "text/text.h"

/* esmtp-keyword: letters, digits and, not first, hyphens. */
static size_t keyword_length(char const *s, size_t len) {
  size_t n = 0;
  while (n < len && (is_letdig(s[n]) || (n && s[n] == '-'))) n++;
  return n;
}

/* esmtp-value: 1*(%d33-60 / %d62-126), with RFC 6531 3.3 also UTF-8. */
static size_t value_length(char const *s, size_t len) {
  size_t n = 0;
  while (n < len) {
    bool plain = is_printable(s[n]) && s[n] != ' ' && s[n] != '=';
    size_t step = plain ? 1 : utf8_length(s + n, len - n);
    if (!step) break;
    n += step;
  }
  return n;
}

int smtp_parameter_next(smtp_parameter_t *parameter, char const *s, size_t len, size_t *position) {
  size_t at = *position, start = at;
  while (at < len && is_blank(s[at])) at++;
  if (at == len) return 0;
  size_t keyword_len = keyword_length(s + at, len - at);
  if (at == start || !keyword_len) return -1;
  *parameter = (smtp_parameter_t){.keyword = s + at, .keyword_len = keyword_len};
  at += keyword_len;
  if (at < len && s[at] == '=') {
    parameter->value = s + ++at;
    parameter->value_len = value_length(s + at, len - at);
    if (!parameter->value_len) return -1;
    at += parameter->value_len;
  }
  if (at < len && !is_blank(s[at])) return -1;
  *position = at;
  return 1;
}

/* The digits at the start of s as a number, UINT64_MAX if it is too large for one. */
static size_t number_parse(uint64_t *number, char const *s, size_t len) {
  size_t n = 0;
  *number = 0;
  for (; n < len && is_digit(s[n]); n++) {
    uint64_t digit = (uint64_t)(s[n] - '0');
    bool over = *number > (UINT64_MAX - digit) / 10;
    *number = over ? UINT64_MAX : *number * 10 + digit;
  }
  return n;
}

int smtp_size_parse(uint64_t *size, char const *s, size_t len) {
  enum { DIGITS_MAX = 20 };
  return len && len <= DIGITS_MAX && number_parse(size, s, len) == len ? 0 : -1;
}

int smtp_bdat_parse(uint64_t *size, bool *last, char const *s, size_t len) {
  size_t at = number_parse(size, s, len), rest = at;
  while (rest < len && is_blank(s[rest])) rest++;
  *last = rest > at && smtp_word_is(s + rest, len - rest, "LAST");
  if (!at || (rest < len && !*last)) return errno = EINVAL, -1;
  if (*size > INT64_MAX) return errno = EOVERFLOW, -1;
  return 0;
}
