/* The items of AUTH_RESULTS, each a resinfo of RFC 8601 2.2. */
#include <errno.h>
#include <string.h>

#include "authres/authres.h"
#include "authres/words.h"

/* ---- writing ---- */

static void put_property(line_t *line, authres_property_t const *property) {
  if (!property->value) return;
  line_byte(line, ' ');
  line_string(line, property->type);
  line_byte(line, '.');
  line_string(line, property->name);
  line_byte(line, '=');
  line_value(line, property->value, strchr(property->value, '@') ? is_address_byte : is_token_byte);
}

ssize_t authres_item_format(char *out, size_t size, authres_result_t const *result) {
  line_t line = {.s = out, .size = size};
  line_string(&line, result->method);
  line_byte(&line, '=');
  line_string(&line, result->result);
  if (result->comment) {
    line_byte(&line, ' ');
    line_comment(&line, result->comment);
  }
  if (result->reason) {
    line_string(&line, " reason=");
    line_value(&line, result->reason, is_token_byte);
  }
  for (size_t i = 0; i < result->nproperties; i++) put_property(&line, &result->properties[i]);
  if (line.full) return errno = EMSGSIZE, -1;
  out[line.len] = 0;
  return (ssize_t)line.len;
}

int authres_add(authres_result_t const *result) {
  char item[AUTHRES_ITEM_MAX];
  if (authres_item_format(item, sizeof item, result) < 0) return -1;
  return chain_append("AUTH_RESULTS", "; ", item);
}

/* ---- reading ---- */

static bool take_keyword(words_t *words) {
  return words_skip(words) && words_take(words, is_keyword_byte);
}

/* methodspec: method [/ version] = result */
static bool take_method(words_t *words) {
  if (!take_keyword(words)) return false;
  if (words_skip_byte(words, '/') && !take_keyword(words)) return false;
  return words_skip_byte(words, '=') && take_keyword(words);
}

/* A value, or an address with or without a local part, which may be quoted. */
static bool take_value(words_t *words) {
  if (!words_skip(words)) return false;
  if (words->at < words->end && *words->at == '"') {
    if (words_take_quoted(words, NULL, 0) < 0) return false;
    if (words->at == words->end || *words->at != '@') return true;
  }
  return words_take(words, is_address_byte);
}

/* reasonspec or propspec: what is in front of '=' tells. */
static bool take_detail(words_t *words) {
  char const *word = words->at;
  size_t len = words_take(words, is_keyword_byte);
  if (!len) return false;
  if (words_skip_byte(words, '.'))
    return take_keyword(words) && words_skip_byte(words, '=') && take_value(words);
  return len == 6 && !strncasecmp(word, "reason", 6) && words_skip_byte(words, '=') &&
         take_value(words);
}

static bool at_item_end(words_t const *words) {
  return words->at == words->end || *words->at == ';';
}

/* Takes one resinfo, up to its ';' or the end. */
static bool take_item(words_t *words) {
  if (!take_method(words) || !words_skip(words)) return false;
  while (!at_item_end(words))
    if (!take_detail(words) || !words_skip(words)) return false;
  return true;
}

static bool has_controls(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f) return true;
  return false;
}

static bool is_between(char c) {
  return c == ';' || c == ' ' || c == '\t';
}

int authres_item_next(char const *list, size_t size, size_t *position, char const **item,
                      size_t *len) {
  words_t words = {.at = list + *position, .end = list + size};
  while (words.at < words.end && is_between(*words.at)) words.at++;
  if (words.at == words.end) return 0;
  *item = words.at;
  if (!take_item(&words) || has_controls(*item, (size_t)(words.at - *item)))
    return errno = EINVAL, -1;
  *position = (size_t)(words.at - list);
  *len = (size_t)(words.at - *item);
  while (*len && strchr(" \t", (*item)[*len - 1])) --*len;
  return 1;
}
