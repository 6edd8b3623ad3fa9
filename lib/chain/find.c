#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chain/chain.h"

static char const default_path[] = "/usr/bin:/bin";

/* Writes folder/name; an empty folder is the working one. */
static int join(char *path, size_t size, char const *folder, size_t folder_len, char const *name) {
  if (!folder_len) {
    folder = ".";
    folder_len = 1;
  }
  size_t name_len = strlen(name);
  if (folder_len + 1 + name_len + 1 > size) return errno = ENAMETOOLONG, -1;
  memcpy(path, folder, folder_len);
  path[folder_len] = '/';
  memcpy(path + folder_len + 1, name, name_len + 1);
  return 0;
}

int chain_find(char const *name, char *path, size_t size) {
  if (strchr(name, '/')) {
    if (strlen(name) + 1 > size) return errno = ENAMETOOLONG, -1;
    strcpy(path, name);
    return access(path, X_OK);
  }
  char const *folder = getenv("PATH");
  if (!folder) folder = default_path;
  int error = ENOENT;
  for (;;) {
    size_t len = strcspn(folder, ":");
    if (join(path, size, folder, len, name) == 0 && access(path, X_OK) == 0) return 0;
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (!folder[len]) return errno = error, -1;
    folder += len + 1;
  }
}
