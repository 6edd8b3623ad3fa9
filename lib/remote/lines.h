/* Lines of a text, for this folder only. */
#ifndef CHAINMAIL_REMOTE_LINES_H
#define CHAINMAIL_REMOTE_LINES_H

#include "remote/remote.h"

/* A table: a copy of the text, cut into strings in place, and a row of a fixed size for each line.
   A row begins with its key, a char const *. */
typedef struct lines {
  char *text;
  size_t len, count, row_size;
  char *rows;
} lines_t;

/* Parses a line, NUL-terminated, into a row that is zeroed. NULL, or what is wrong with it. */
typedef char const *lines_take_f(void *row, char *line);

/* Lines that are empty or begin with '#' are left out. 0, or -1 with errno and error. */
int lines_parse(lines_t *lines, char const *text, size_t len, size_t row_size, lines_take_f *take,
                remote_error_t *error);
/* Wipes it all. */
void lines_free(lines_t *lines);
/* The row of this key, case aside, or NULL. */
void const *lines_find(lines_t const *lines, char const *key);

/* Cuts the next word off *s, at blanks and tabs; "" at the end. */
char *lines_word(char **s);

#endif
