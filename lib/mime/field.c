#include <errno.h>
#include <string.h>
#include <strings.h>

#include "mime/mime.h"
#include "text/text.h"

/* The byte behind the line at s. */
static size_t line_end(char const *s, size_t len) {
  char const *newline = memchr(s, '\n', len);
  return newline ? (size_t)(newline - s) + 1 : len;
}

/* The bytes of its end that are at the end of s. */
static size_t newline_len(char const *s, size_t len) {
  if (!len || s[len - 1] != '\n') return 0;
  return len > 1 && s[len - 2] == '\r' ? 2 : 1;
}

/* Behind a line and those that begin with a blank. */
static size_t folded_end(char const *s, size_t len) {
  size_t end = line_end(s, len);
  while (end < len && is_blank(s[end])) end += line_end(s + end, len - end);
  return end;
}

/* Field name (RFC 5322 3.6.8) and colon. The colon's place, or 0. */
static size_t colon_find(char const *s, size_t len, size_t *name_len) {
  size_t at = 0;
  while (at < len && s[at] > ' ' && s[at] < 0x7f && s[at] != ':') at++;
  *name_len = at;
  if (!at) return 0;
  while (at < len && is_blank(s[at])) at++;
  return at < len && s[at] == ':' ? at : 0;
}

int mime_field_next(char const *message, size_t len, size_t *at, mime_field_t *field) {
  char const *s = message + *at;
  size_t const left = len - *at;
  if (!left) return 0;
  size_t const line = line_end(s, left);
  if (newline_len(s, line) == line) {
    *at += line;
    return 0;
  }
  size_t const colon = colon_find(s, line, &field->name_len);
  if (!colon) return errno = EBADMSG, -1;
  size_t const end = folded_end(s, left);
  field->begin = *at;
  field->end = *at + end;
  field->value_begin = *at + colon + 1;
  field->value_end = *at + end - newline_len(s, end);
  *at = field->end;
  return 1;
}

bool mime_field_is(char const *message, mime_field_t const *field, char const *name) {
  return strlen(name) == field->name_len &&
         !strncasecmp(message + field->begin, name, field->name_len);
}

size_t mime_field_width(char const *message, mime_field_t const *field) {
  size_t widest = 0;
  for (size_t at = field->begin, end; at < field->end; at = end) {
    end = at + line_end(message + at, field->end - at);
    size_t const width = end - at - newline_len(message + at, end - at);
    if (width > widest) widest = width;
  }
  return widest;
}
