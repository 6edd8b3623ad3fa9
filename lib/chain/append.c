#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain/chain.h"

int chain_append(char const *name, char const *separator, char const *item) {
  char const *list = getenv(name);
  size_t list_len = list ? strlen(list) : 0;
  size_t separator_len = list_len ? strlen(separator) : 0;
  size_t item_len = strlen(item);
  if (list_len + separator_len + item_len > CHAIN_LIST_MAX) return errno = E2BIG, -1;
  char joined[CHAIN_LIST_MAX + 1];
  if (list_len) memcpy(joined, list, list_len);
  memcpy(joined + list_len, separator, separator_len);
  memcpy(joined + list_len + separator_len, item, item_len + 1);
  return setenv(name, joined, 1);
}

int chain_add_headers(char const *lines) {
  char const *list = getenv("ADD_HEADERS");
  size_t len = list ? strlen(list) : 0;
  return chain_append("ADD_HEADERS", len && list[len - 1] != '\n' ? "\n" : "", lines);
}
