#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "credentials/credentials.h"

bool credentials_parse(credentials_t *credentials) {
  char const *const end = credentials->bytes + credentials->len;
  if (credentials->len > CREDENTIALS_MAX) return false;
  credentials->bytes[credentials->len] = 0;
  char const *const first = memchr(credentials->bytes, 0, credentials->len);
  char const *const second = first ? memchr(first + 1, 0, (size_t)(end - first - 1)) : NULL;
  if (!second) return false;
  credentials->login = credentials->bytes;
  credentials->secret = first + 1;
  credentials->extra = second + 1 < end ? second + 1 : second;
  return true;
}

int credentials_read(credentials_t *credentials, int fd) {
  ssize_t n;
  credentials->len = 0;
  do {
    n = fd_read(fd, credentials->bytes + credentials->len,
                sizeof credentials->bytes - credentials->len);
    if (n < 0) return -1;
    credentials->len += (size_t)n;
  } while (n && credentials->len < sizeof credentials->bytes);
  return credentials_parse(credentials) ? 0 : (errno = EPROTO, -1);
}

void credentials_wipe(credentials_t *credentials) {
  explicit_bzero(credentials, sizeof *credentials);
}
