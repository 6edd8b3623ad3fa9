#include "table/table.h"

#include <errno.h>

#include <skalibs/uint32.h>

bool table_is_whole(cdb const *map) {
  uint32_t expected = 0;
  if (map->size < TABLE_HEADER_SIZE) return false;
  for (size_t i = 0; i < 256; i++) {
    uint32_t position, slots;
    uint32_unpack(map->map + 8 * i, &position);
    uint32_unpack(map->map + 8 * i + 4, &slots);
    if (i ? position != expected : position < TABLE_HEADER_SIZE) return false;
    if (position > map->size || slots > (map->size - position) / 8) return false;
    expected = position + 8 * slots;
  }
  return expected == map->size;
}

int table_find(cdb const *map, cdb_data *value, char const *key, size_t len) {
  int found = cdb_find(map, value, key, (uint32_t)len);
  if (!found || (found > 0 && value->len <= map->size - (size_t)(value->s - map->map)))
    return found;
  return errno = EPROTO, -1;
}
