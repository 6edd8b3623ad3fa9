#include <errno.h>
#include <string.h>

#include <skalibs/allreadwrite.h>

#include "delivery/delivery.h"

#define COPY_SIZE 65536
_Static_assert(2 * DELIVERY_FIELD_SIZE < COPY_SIZE, "fields go out with the message's first bytes");

static int put(int fd, char const *bytes, size_t len) {
  errno = 0;
  if (allwrite(fd, bytes, len) == len) return 0;
  if (!errno) errno = ENOSPC;
  return -1;
}

int delivery_copy(int fd, char const *fields, size_t len, queue_entry_t const *entry) {
  char buffer[COPY_SIZE];
  queue_stream_t stream = queue_entry_stream(entry);
  ssize_t n;
  memcpy(buffer, fields, len);
  do {
    n = queue_stream_read(&stream, buffer + len, sizeof buffer - len);
    if (n < 0 || put(fd, buffer, len + (size_t)n) < 0) return -1;
    len = 0;
  } while (n);
  return 0;
}
