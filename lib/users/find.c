#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "table/table.h"
#include "users/internal.h"

bool users_map_valid(cdb const *map) {
  cdb_data version;
  return table_is_whole(map) && table_find(map, &version, "", 0) > 0 &&
         version.len == sizeof USERS_VERSION - 1 &&
         !memcmp(version.s, USERS_VERSION, sizeof USERS_VERSION - 1);
}

static int map_fd(cdb *map, int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -1;
  if (!S_ISREG(status.st_mode) || status.st_size < TABLE_HEADER_SIZE) return errno = EPROTO, -1;
  if (!cdb_init_fromfd(map, fd)) return -1;
  if (users_map_valid(map)) return 0;
  cdb_free(map);
  return errno = EPROTO, -1;
}

static int table_open(cdb *map, char const *path) {
  int const fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) errno = ENODEV;
    return -1;
  }
  int const result = map_fd(map, fd), error = errno;
  close(fd);
  return errno = error, result;
}

static int value_find(cdb const *map, cdb_data *value, users_key_t kind, char const *s,
                      size_t len) {
  char key[USERS_KEY_MAX];
  int const found = table_find(map, value, key, users_key_make(key, kind, s, len));
  if (!found) errno = ENOENT;
  return found > 0 ? 0 : -1;
}

static bool name_is(char const *name, char const *s, size_t len) {
  char key[USERS_KEY_MAX], other[USERS_KEY_MAX];
  return strlen(name) == len && users_key_make(key, USERS_KEY_NAME, s, len) &&
         users_key_make(other, USERS_KEY_NAME, name, len) && !memcmp(key, other, 1 + len);
}

static int user_find(cdb const *map, char const *name, size_t len, users_user_t *user) {
  cdb_data line;
  char const *reason;
  if (!len || len > USERS_NAME_MAX) return errno = ENOENT, -1;
  if (value_find(map, &line, USERS_KEY_NAME, name, len) < 0) return -1;
  if (users_line_parse(user, line.s, line.len, &reason) == 1 && name_is(user->name, name, len))
    return 0;
  users_wipe(user);
  return errno = EPROTO, -1;
}

/* Finds the user whose name is the value of a key. */
static int named_find(cdb const *map, users_key_t kind, char const *s, users_user_t *user) {
  cdb_data name;
  size_t const len = strlen(s);
  if (len > USERS_NAME_MAX) return errno = ENOENT, -1;
  if (value_find(map, &name, kind, s, len) < 0) return -1;
  int const result = user_find(map, name.s, name.len, user);
  if (result < 0 && errno == ENOENT) errno = EPROTO;
  return result;
}

int users_map_find(cdb const *map, users_key_t kind, char const *s, users_user_t *user) {
  if (kind == USERS_KEY_NAME) return user_find(map, s, strlen(s), user);
  return named_find(map, kind, s, user);
}

static int find(char const *path, users_key_t kind, char const *s, users_user_t *user) {
  cdb map = CDB_ZERO;
  if (table_open(&map, path) < 0) return -1;
  int const result = users_map_find(&map, kind, s, user), error = errno;
  cdb_free(&map);
  return errno = error, result;
}

int users_find(char const *path, char const *name, users_user_t *user) {
  return find(path, USERS_KEY_NAME, name, user);
}

int users_find_certificate(char const *path, char const *hash, users_user_t *user) {
  return find(path, USERS_KEY_CERTIFICATE, hash, user);
}

int users_find_model(char const *path, users_user_t *user) {
  return find(path, USERS_KEY_MODEL, "", user);
}
