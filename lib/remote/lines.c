#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char const blanks[] = " \t\r";

char *lines_word(char **s) {
  char *const word = *s + strspn(*s, blanks);
  char *end = word + strcspn(word, blanks);
  *s = *end ? end + 1 : end;
  *end = 0;
  return word;
}

static char const *key_of(void const *row) {
  char const *key;
  memcpy(&key, row, sizeof key);
  return key;
}

void const *lines_find(lines_t const *lines, char const *key) {
  for (size_t i = 0; i < lines->count; i++) {
    char const *const row = lines->rows + i * lines->row_size;
    if (strcasecmp(key_of(row), key) == 0) return row;
  }
  return NULL;
}

/* The pointers in rows are into text, which does not move. */
static int prepare(lines_t *lines, char const *text, size_t len, size_t row_size) {
  size_t rows = 1;
  for (size_t i = 0; i < len; i++) rows += text[i] == '\n';
  *lines = (lines_t){.len = len, .row_size = row_size};
  if (rows > REMOTE_LINES) return errno = EFBIG, -1;
  lines->text = malloc(len + 1);
  lines->rows = calloc(rows, row_size);
  if (!lines->text || !lines->rows) return lines_free(lines), errno = ENOMEM, -1;
  memcpy(lines->text, text, len);
  lines->text[len] = 0;
  return 0;
}

static char const *take_line(lines_t *lines, char *line, size_t len, lines_take_f *take) {
  if (len > REMOTE_LINE_MAX) return "the line is too long";
  if (strlen(line) != len) return "there is a NUL in it";
  size_t const blank = strspn(line, blanks);
  if (!line[blank] || line[blank] == '#') return NULL;
  void *const row = lines->rows + lines->count * lines->row_size;
  char const *const reason = take(row, line);
  if (reason) return reason;
  if (lines_find(lines, key_of(row))) return "this destination has a line already";
  lines->count++;
  return NULL;
}

int lines_parse(lines_t *lines, char const *text, size_t len, size_t row_size, lines_take_f *take,
                remote_error_t *error) {
  *error = (remote_error_t){0};
  if (len > REMOTE_TEXT_MAX) return errno = EFBIG, -1;
  if (prepare(lines, text, len, row_size) < 0) return -1;
  for (char *line = lines->text, *const end = line + len; line < end;) {
    char *newline = memchr(line, '\n', (size_t)(end - line));
    char *const line_end = newline ? newline : end;
    *line_end = 0;
    error->line++;
    error->reason = take_line(lines, line, (size_t)(line_end - line), take);
    if (error->reason) return lines_free(lines), errno = EINVAL, -1;
    line = line_end + 1;
  }
  return 0;
}

void lines_free(lines_t *lines) {
  if (lines->text) explicit_bzero(lines->text, lines->len);
  free(lines->text);
  free(lines->rows);
  *lines = (lines_t){0};
}
