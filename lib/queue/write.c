#include <errno.h>
#include <string.h>

#include <skalibs/allreadwrite.h>

#include "queue/queue.h"

static int put(int fd, char const *bytes, size_t len) {
  errno = 0;
  if (allwrite(fd, bytes, len) == len) return 0;
  if (!errno) errno = ENOSPC;
  return -1;
}

int queue_entry_write(int fd, char const *before, size_t len, queue_entry_t const *entry) {
  char buffer[2 * QUEUE_BEFORE_MAX];
  queue_stream_t stream = queue_entry_stream(entry);
  ssize_t n;
  memcpy(buffer, before, len);
  do {
    n = queue_stream_read(&stream, buffer + len, sizeof buffer - len);
    if (n < 0 || put(fd, buffer, len + (size_t)n) < 0) return -1;
    len = 0;
  } while (n);
  return 0;
}
