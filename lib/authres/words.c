#include "authres/words.h"

#include <string.h>

static bool is_ascii(char c) {
  return !((unsigned char)c & 0x80);
}

static bool is_printing(char c) {
  return c > ' ' && c <= '~';
}

static bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_keyword_byte(char c) {
  return is_alphanumeric(c) || c == '-';
}

bool is_token_byte(char c) {
  return !is_ascii(c) || (is_printing(c) && !strchr("()<>@,;:\\\"/[]?=", c));
}

bool is_address_byte(char c) {
  return !is_ascii(c) || (is_printing(c) && !strchr("()<>,;:\\\"[]", c));
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Skips a comment, comments in it too, which is a matter of counting. */
static bool skip_comment(words_t *words) {
  size_t depth = 0;
  while (words->at < words->end) {
    char c = *words->at++;
    if (c == '\\' && words->at < words->end) words->at++;
    if (c == '(') depth++;
    if (c == ')' && !--depth) return true;
  }
  return false;
}

bool words_skip(words_t *words) {
  while (words->at < words->end) {
    if (is_blank(*words->at)) {
      words->at++;
    } else if (*words->at != '(') {
      return true;
    } else if (!skip_comment(words)) {
      return false;
    }
  }
  return true;
}

bool words_skip_byte(words_t *words, char c) {
  if (!words_skip(words) || words->at == words->end || *words->at != c) return false;
  words->at++;
  return true;
}

size_t words_take(words_t *words, bool (*is_kind)(char)) {
  char const *start = words->at;
  while (words->at < words->end && is_kind(*words->at)) words->at++;
  return (size_t)(words->at - start);
}

ssize_t words_take_quoted(words_t *words, char *out, size_t size) {
  size_t len = 0;
  if (words->at == words->end || *words->at != '"') return -1;
  for (words->at++; words->at < words->end; words->at++) {
    char c = *words->at;
    if (c == '"') return words->at++, (ssize_t)len;
    if (c == '\r' || c == '\n') continue; /* a fold says nothing but its blank */
    if (c == '\\' && words->at + 1 < words->end) c = *++words->at;
    if (len < size) out[len] = c;
    len++;
  }
  return -1;
}
