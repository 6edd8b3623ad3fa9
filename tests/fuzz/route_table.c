/* A compiled table that anybody made, and any address: a byte, so many bytes of address, the table.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "route/internal.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void count_target(void *data, route_target_t const *target) {
  if (target->channel >= ROUTE_CHANNELS || strlen(target->argument) >= ROUTE_TARGET_MAX) abort();
  if (++*(size_t *)data > ROUTE_TARGETS_MAX) abort();
}

static void find_terms(void *data, route_target_t const *target) {
  route_terms_t terms;
  route_account_t account;
  if (route_terms_find(data, target, &terms) > 0) route_account_find(data, terms.user, &account);
}

static void check_line(void *data, char const *line) {
  (void)data;
  for (; *line; line++)
    if ((unsigned char)*line < ' ') abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  size_t targets = 0, len = size ? data[0] : 0;
  if (size < 1 + len) return 0;
  char const *address = (char const *)data + 1;
  route_table_t table = {.open = true};
  table.map.size = (uint32_t)(size - 1 - len);
  char *map = malloc(table.map.size + 1u); /* of its own: a read past its end is seen */
  if (!map) abort();
  memcpy(map, address + len, table.map.size);
  table.map.map = map;
  if (route_map_valid(&table.map)) {
    route_check(&table, address, len);
    if (route_resolve(&table, address, len, count_target, &targets) != ROUTE_FOUND && targets)
      abort();
    route_resolve(&table, address, len, find_terms, &table);
    route_explain(&table, address, len, check_line, NULL);
  }
  free(map);
  return 0;
}
