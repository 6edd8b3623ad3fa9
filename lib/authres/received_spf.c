/* The field Received-SPF, RFC 7208 9.1. */
#include <errno.h>
#include <string.h>

#include "authres/authres.h"
#include "authres/words.h"

/* dot-atom, its text: '@' has no place in it, and '.' only between atoms. */
static bool is_atom_byte(char c) {
  return c != '@' && c != '.' && is_address_byte(c);
}

static bool is_dot_atom(char const *s) {
  words_t words = {.at = s, .end = s + strlen(s)};
  do
    if (!words_take(&words, is_atom_byte)) return false;
  while (words.at < words.end && *words.at++ == '.');
  return words.at == words.end;
}

static void put_pair(line_t *line, char const *key, char const *value) {
  if (!value) return;
  line_byte(line, ' ');
  line_string(line, key);
  line_byte(line, '=');
  if (is_dot_atom(value))
    line_string(line, value);
  else
    line_quoted(line, value);
  line_byte(line, ';');
}

ssize_t authres_received_spf_format(char *out, size_t size, authres_received_spf_t const *field) {
  char text[AUTHRES_ITEM_MAX];
  line_t line = {.s = text, .size = sizeof text};
  struct {
    char const *key, *value;
  } const pairs[] = {{"receiver", field->receiver},
                     {"client-ip", field->client_ip},
                     {"envelope-from", field->envelope_from},
                     {"helo", field->helo},
                     {"identity", field->identity},
                     {"mechanism", field->mechanism},
                     {"problem", field->problem}};
  line_string(&line, "Received-SPF: ");
  line_string(&line, field->result);
  if (field->comment) {
    line_byte(&line, ' ');
    line_comment(&line, field->comment);
  }
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    put_pair(&line, pairs[i].key, pairs[i].value);
  if (line.full) return errno = EMSGSIZE, -1;
  return line_fold(out, size, line.s, line.len);
}
