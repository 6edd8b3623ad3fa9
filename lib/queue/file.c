#include <errno.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "queue/format.h"

int queue_path(char path[PATH_MAX], char const *queue, char const *folder, char const *name) {
  char const *const parts[] = {queue, "/", folder, name};
  size_t len = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    size_t n = strlen(parts[i]);
    if (n >= PATH_MAX - len) return errno = ENAMETOOLONG, -1;
    memcpy(path + len, parts[i], n + 1);
    len += n;
  }
  return 0;
}

int queue_pread(int fd, char *buffer, size_t size, uint64_t offset) {
  while (size) {
    ssize_t n = pread(fd, buffer, size, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) return errno = EBADMSG, -1;
    buffer += n;
    size -= (size_t)n;
    offset += (uint64_t)n;
  }
  return 0;
}

/* Not mmap: a file that someone cuts while it is mapped kills the reader. */
int queue_checksum(uint64_t *sum, int fd, uint64_t size, char const *tail, size_t tail_len) {
  char buffer[65536];
  XXH64_state_t state;
  XXH64_reset(&state, 0);
  for (uint64_t offset = 0; offset < size;) {
    size_t n = size - offset < sizeof buffer ? (size_t)(size - offset) : sizeof buffer;
    if (queue_pread(fd, buffer, n, offset) < 0) return -1;
    XXH64_update(&state, buffer, n);
    offset += n;
  }
  XXH64_update(&state, tail, tail_len);
  *sum = XXH64_digest(&state);
  return 0;
}
