/* AUTH_RESULTS: whatever is in the list, the field that is made of it is one field, and its items
   are read from it again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authres/authres.h"

static size_t count_items(char const *list) {
  size_t const size = strlen(list);
  size_t position = 0, count = 0, len;
  char const *item;
  while (authres_item_next(list, size, &position, &item, &len) > 0) {
    if (!len || position > size) abort();
    count++;
  }
  return count;
}

/* One header field: every line but the first begins with a tab, and none is empty. */
static void check_lines(char const *field, size_t len) {
  if (field[len - 1] != '\n' || strlen(field) != len) abort();
  for (size_t i = 0; i + 1 < len; i++)
    if (field[i] == '\n' && (field[i + 1] != '\t' || field[i + 2] == '\n')) abort();
}

/* Unfolded, without the id. */
static void check_items(char *field, size_t count) {
  for (char *s = field; *s; s++)
    if (*s == '\n') *s = ' ';
  char const *list = strchr(field, ';');
  if (!list || (count && count_items(list) != count)) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static char list[CHAIN_LIST_MAX + 1], field[AUTHRES_FIELD_MAX];
  if (size > CHAIN_LIST_MAX) return 0;
  memcpy(list, data, size);
  list[size] = 0;
  size_t count = count_items(list);
  ssize_t len = authres_field_format(field, sizeof field, "mx.example", list, 0);
  if (len < 0) return 0;
  check_lines(field, (size_t)len);
  check_items(field, count);
  return 0;
}
