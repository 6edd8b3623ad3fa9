#include <errno.h>
#include <string.h>

#include "authres/authres.h"
#include "authres/words.h"
#include "text/text.h"

#define COLUMNS 78 /* RFC 5322 2.1.1 */
#define TAB     8

void line_bytes(line_t *line, char const *s, size_t len) {
  if (line->full || len >= line->size - line->len) {
    line->full = true;
    return;
  }
  memcpy(line->s + line->len, s, len);
  line->len += len;
}

void line_byte(line_t *line, char c) {
  line_bytes(line, &c, 1);
}

void line_string(line_t *line, char const *s) {
  line_bytes(line, s, strlen(s));
}

static void escaped_byte(line_t *line, char c, char const *specials) {
  if (is_control(c)) c = '?';
  if (strchr(specials, c)) line_byte(line, '\\');
  line_byte(line, c);
}

void line_comment(line_t *line, char const *s) {
  line_byte(line, '(');
  for (; *s; s++) escaped_byte(line, (unsigned char)*s & 0x80 ? '?' : *s, "()\\");
  line_byte(line, ')');
}

void line_quoted(line_t *line, char const *s) {
  line_byte(line, '"');
  for (; *s; s++) escaped_byte(line, *s, "\"\\");
  line_byte(line, '"');
}

void line_value(line_t *line, char const *s, bool (*is_kind)(char)) {
  words_t words = {.at = s, .end = s + strlen(s)};
  if (words_take(&words, is_kind) && words.at == words.end)
    line_string(line, s);
  else
    line_quoted(line, s);
}

/* ---- folding ---- */

/* Where in a field we are: a blank in a quoted string is no place to fold. */
typedef struct place {
  bool quoted;
  size_t depth; /* of comments */
} place_t;

static void advance(place_t *place, char c) {
  if (c == '"' && !place->depth) place->quoted = !place->quoted;
  if (place->quoted) return;
  if (c == '(') place->depth++;
  if (c == ')' && place->depth) place->depth--;
}

/* Bytes of the word at s. */
static size_t word_len(place_t *place, char const *s, size_t len) {
  size_t i = 0;
  for (; i < len; i++) {
    if (s[i] == '\n' || (is_blank(s[i]) && !place->quoted)) break;
    if (s[i] == '\\' && (place->quoted || place->depth) && i + 1 < len)
      i++;
    else
      advance(place, s[i]);
  }
  return i;
}

/* Blanks between words: one says as much as many. forced is set if a LF is among them. */
static size_t gap_len(char const *s, size_t len, bool *forced) {
  size_t i = 0;
  for (*forced = false; i < len && (is_blank(s[i]) || s[i] == '\n'); i++)
    if (s[i] == '\n') *forced = true;
  return i;
}

ssize_t line_fold(char *out, size_t size, char const *text, size_t len) {
  line_t line = {.s = out, .size = size};
  place_t place = {.depth = 0};
  size_t column = 0, at = 0;
  bool fold;
  while (at += gap_len(text + at, len - at, &fold), at < len) {
    size_t word = word_len(&place, text + at, len - at);
    if (word > AUTHRES_WORD_MAX) return errno = EMSGSIZE, -1;
    if (column + 1 + word > COLUMNS) fold = true;
    if (at) line_string(&line, fold ? "\n\t" : " ");
    line_bytes(&line, text + at, word);
    column = (fold ? TAB : at ? column + 1 : 0) + word;
    at += word;
  }
  line_byte(&line, '\n');
  if (line.full) return errno = EMSGSIZE, -1;
  out[line.len] = 0;
  return (ssize_t)line.len;
}
