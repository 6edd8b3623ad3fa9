#include "table/table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "route/internal.h"

bool route_map_valid(cdb const *map) {
  static char const key = ROUTE_KEY_VERSION;
  cdb_data version;
  return table_is_whole(map) && table_find(map, &version, &key, 1) > 0 &&
         version.len == sizeof ROUTE_VERSION - 1 &&
         !memcmp(version.s, ROUTE_VERSION, sizeof ROUTE_VERSION - 1);
}

static int table_map(route_table_t *table, int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -1;
  if (!status.st_size) {
    errno = EPROTO;
    return -1;
  }
  if (!cdb_init_fromfd(&table->map, fd)) return -1;
  if (!route_map_valid(&table->map)) {
    cdb_free(&table->map);
    errno = EPROTO;
    return -1;
  }
  table->open = true;
  table->device = status.st_dev;
  table->inode = status.st_ino;
  table->owner = status.st_uid;
  table->mode = status.st_mode;
  return 0;
}

static char const *default_path(char *buffer, char const *path) {
  return path ? path : conf_path(buffer, PATH_MAX, "routes.cdb") ? NULL : buffer;
}

int route_open(route_table_t *table, char const *path) {
  char buffer[PATH_MAX];
  *table = (route_table_t){.map = CDB_ZERO};
  if (!(path = default_path(buffer, path))) return -1;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  int result = table_map(table, fd), error = errno;
  close(fd);
  errno = error;
  return result;
}

bool route_is_roots(route_table_t const *table) {
  return table->open && !table->owner && !(table->mode & (S_IWGRP | S_IWOTH));
}

void route_close(route_table_t *table) {
  if (table->open) cdb_free(&table->map);
  *table = (route_table_t){.map = CDB_ZERO};
}

/* The mapping holds the old file's inode, so no new file can bear its number. */
int route_refresh(route_table_t *table, char const *path) {
  char buffer[PATH_MAX];
  struct stat status = {0};
  route_table_t fresh;
  if (!(path = default_path(buffer, path))) return -1;
  if (stat(path, &status) < 0 && errno != ENOENT) return -1;
  if (status.st_ino == table->inode && status.st_dev == table->device) return 0;
  if (route_open(&fresh, path) < 0) return -1;
  route_close(table);
  *table = fresh;
  return 1;
}
