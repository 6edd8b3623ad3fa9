#include <errno.h>
#include <string.h>

#include "internal.h"

static char const mark[] = "\0sasl-ok ";
#define MARK_SIZE (sizeof mark - 1)

/* NAME=value with a value that is a text of one line. */
static bool fact_valid(char const *fact) {
  size_t const name_len = strspn(fact, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
  char const *value = fact + name_len + 1;
  return name_len && fact[name_len] == '=' && sasl_text_valid(value, strlen(value));
}

static bool append(char *record, size_t *len, char const *bytes, size_t count) {
  return message_append(record, SASL_RECORD_MAX, len, bytes, count);
}

size_t sasl_record_format(char *record, char const *token, char const *const *facts) {
  size_t len = 0;
  bool fits =
      append(record, &len, mark, MARK_SIZE) && append(record, &len, token, strlen(token) + 1);
  for (; fits && *facts; facts++) {
    if (!fact_valid(*facts)) return errno = EINVAL, 0;
    fits = append(record, &len, *facts, strlen(*facts) + 1);
  }
  if (!fits || !append(record, &len, "", 1)) return errno = E2BIG, 0;
  return len;
}

/* True if these are strings, each a fact, of which the last is empty. */
static bool facts_valid(char const *bytes, size_t len) {
  if (!len || bytes[len - 1]) return false;
  char const *const last = bytes + len - 1;
  for (; bytes < last; bytes += strlen(bytes) + 1)
    if (!fact_valid(bytes)) return false;
  return bytes == last && (len == 1 || !last[-1]);
}

bool sasl_record_parse(char const *bytes, size_t len, char const *token, char const **facts) {
  size_t const head_size = MARK_SIZE + SASL_TOKEN_SIZE + 1;
  if (len <= head_size || len > SASL_RECORD_MAX || strlen(token) != SASL_TOKEN_SIZE) return false;
  if (memcmp(bytes, mark, MARK_SIZE)) return false;
  if (!is_equal(bytes + MARK_SIZE, token, SASL_TOKEN_SIZE + 1)) return false;
  *facts = bytes + head_size;
  return facts_valid(*facts, len - head_size);
}
