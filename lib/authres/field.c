/* The field Authentication-Results: ours, and those that are in a message already. */
#include <errno.h>
#include <string.h>

#include "authres/authres.h"
#include "authres/words.h"

static char const name[] = "Authentication-Results";
#define NAME_LEN (sizeof name - 1)

/* ---- writing ---- */

ssize_t authres_field_format(char *out, size_t size, char const *id, char const *list, bool *good) {
  char text[CHAIN_LIST_MAX + AUTHRES_ID_MAX + 64];
  line_t line = {.s = text, .size = sizeof text};
  char const *item;
  size_t const list_len = strlen(list);
  size_t len, position = 0, count = 0;
  int found;
  line_string(&line, name);
  line_string(&line, ": ");
  line_value(&line, id, is_token_byte);
  for (; (found = authres_item_next(list, list_len, &position, &item, &len)) > 0; count++) {
    line_string(&line, ";\n");
    line_bytes(&line, item, len);
  }
  if (!count) line_string(&line, "; none");
  if (good) *good = found == 0;
  if (line.full) return errno = EMSGSIZE, -1;
  return line_fold(out, size, line.s, line.len);
}

/* ---- finding ---- */

/* Reads the authserv-id at the start of a field's body: a token or a quoted string, behind
   comments perhaps. It stays empty where neither is. */
static void read_id(authres_field_t *field, char const *body, size_t len) {
  words_t words = {.at = body, .end = body + len};
  size_t const room = sizeof field->id - 1;
  ssize_t taken = -1;
  if (words_skip(&words)) taken = words_take_quoted(&words, field->id, room);
  if (taken < 0) {
    char const *token = words.at;
    taken = (ssize_t)words_take(&words, is_token_byte);
    memcpy(field->id, token, (size_t)taken < room ? (size_t)taken : room);
  }
  field->id[(size_t)taken < room ? (size_t)taken : room] = 0;
}

/* The end of the field that starts at start: its lines, and those that begin with a blank. */
static size_t field_end(char const *message, size_t len, size_t start) {
  size_t end = start;
  do {
    char const *newline = memchr(message + end, '\n', len - end);
    if (!newline) return len;
    end = (size_t)(newline - message) + 1;
  } while (end < len && (message[end] == ' ' || message[end] == '\t'));
  return end;
}

/* Where the body begins if this is such a field; else 0. Blanks before the colon are obsolete, but
   there are readers who take them (RFC 5322 4.5). */
static size_t body_offset(char const *field, size_t len) {
  size_t at = NAME_LEN;
  if (len <= NAME_LEN || strncasecmp(field, name, NAME_LEN)) return 0;
  while (at < len && (field[at] == ' ' || field[at] == '\t')) at++;
  return at < len && field[at] == ':' ? at + 1 : 0;
}

bool authres_field_next(char const *message, size_t len, size_t *position, authres_field_t *field) {
  for (size_t start = *position; start < len && message[start] != '\n'; start = *position) {
    *position = field_end(message, len, start);
    size_t body = body_offset(message + start, *position - start);
    if (!body) continue;
    field->start = start;
    field->end = *position;
    read_id(field, message + start + body, *position - start - body);
    return true;
  }
  return false;
}
