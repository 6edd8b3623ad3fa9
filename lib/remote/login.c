#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "sasl/sasl.h"

typedef struct row {
  char const *key;
  remote_login_t login;
} row_t;

struct remote_logins {
  lines_t lines;
};

/* The password is the rest of the line: it may have blanks. */
static char const *take_row(void *data, char *line) {
  row_t *const row = data;
  row->key = lines_word(&line);
  row->login.name = lines_word(&line);
  row->login.password = line;
  if (!sasl_text_valid(row->login.name, strlen(row->login.name))) return "there is no name";
  if (!sasl_text_valid(line, strlen(line))) return "there is no password";
  return NULL;
}

remote_logins_t *remote_logins_parse(char const *text, size_t len, remote_error_t *error) {
  remote_logins_t *const logins = malloc(sizeof *logins);
  if (!logins) return NULL;
  if (lines_parse(&logins->lines, text, len, sizeof(row_t), take_row, error) == 0) return logins;
  int const saved = errno;
  free(logins);
  errno = saved;
  return NULL;
}

void remote_logins_free(remote_logins_t *logins) {
  if (!logins) return;
  lines_free(&logins->lines);
  free(logins);
}

remote_login_t const *remote_login_find(remote_logins_t const *logins, char const *destination) {
  row_t const *const row = logins ? lines_find(&logins->lines, destination) : NULL;
  return row ? &row->login : NULL;
}
