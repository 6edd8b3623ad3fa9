#include <string.h>

#include <skalibs/types.h>

#include "chain/chain.h"

/* Reply classes: the first digit of codes and enhanced codes that fit a kind. */
static char class_of(chain_kind_t kind) {
  switch (kind) {
  case CHAIN_ACCEPT: return '2';
  case CHAIN_DEFER: return '4';
  case CHAIN_REJECT: return '5';
  }
  return '4';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Bytes of the reply code at s with its blank, or 0 if there is none of this class. */
static size_t scan_code(char const *s, size_t len, char class) {
  if (len < 3 || s[0] != class || s[1] > '5' || !is_digit(s[1]) || !is_digit(s[2])) return 0;
  if (len == 3) return 3;
  return s[3] == ' ' ? 4 : 0;
}

/* Bytes of "C.D.D" with its blank, C the class, D one to three digits; 0 if there is none. */
static size_t scan_enhanced(char const *s, size_t len, char class) {
  size_t i = 1;
  if (!len || s[0] != class) return 0;
  for (int part = 0; part < 2; part++) {
    if (i == len || s[i++] != '.') return 0;
    size_t start = i;
    while (i < len && i - start < 3 && is_digit(s[i])) i++;
    if (i == start) return 0;
  }
  if (i == len) return i;
  return s[i] == ' ' ? i + 1 : 0;
}

void chain_verdict_parse(chain_verdict_t *verdict, chain_kind_t kind, char const *s, size_t len) {
  verdict->kind = kind;
  verdict->code = 0;
  verdict->enhanced[0] = 0;
  size_t n = scan_code(s, len, class_of(kind));
  if (n) uint_scan(s, &verdict->code);
  s += n;
  len -= n;
  n = scan_enhanced(s, len, class_of(kind));
  if (n) {
    size_t word = s[n - 1] == ' ' ? n - 1 : n;
    memcpy(verdict->enhanced, s, word);
    verdict->enhanced[word] = 0;
  }
  s += n;
  len -= n;
  if (len > CHAIN_TEXT_MAX) len = CHAIN_TEXT_MAX;
  for (size_t i = 0; i < len; i++)
    verdict->text[i] = (unsigned char)s[i] < ' ' || s[i] == 0x7f ? ' ' : s[i];
  verdict->text[len] = 0;
}

void chain_verdict_format(char out[CHAIN_VERDICT_SIZE], chain_verdict_t const *verdict) {
  if (verdict->code) {
    out += uint_fmt(out, verdict->code);
    *out++ = ' ';
  }
  if (*verdict->enhanced) out = stpcpy(stpcpy(out, verdict->enhanced), " ");
  stpcpy(out, verdict->text);
}
