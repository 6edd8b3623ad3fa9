#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "inject.h"

/* Where there is no O_TMPFILE, memory holds the message. */
static int open_unnamed(void) {
  char const *folder = getenv("TMPDIR");
  int fd = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) fd = memfd_create("message", MFD_CLOEXEC);
  if (fd < 0) die_system(EX_OSERR, "make a file for the message");
  return fd;
}

static size_t copy_input(int fd) {
  static char buffer[65536];
  size_t len = 0;
  for (;;) {
    ssize_t const n = read(0, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) die_system(EX_IOERR, "read the message");
    if (!n) return len;
    if (allwrite(fd, buffer, (size_t)n) < (size_t)n) die_system(EX_IOERR, "keep the message");
    len += (size_t)n;
  }
}

static size_t dot_find(char const *s, size_t len) {
  for (size_t at = 0; at < len;) {
    char const *newline = memchr(s + at, '\n', len - at);
    size_t const end = newline ? (size_t)(newline - s) : len;
    bool const cr = end > at && s[end - 1] == '\r';
    if (end - at - cr == 1 && s[at] == '.') return at;
    at = end + 1;
  }
  return len;
}

message_t message_read(void) {
  message_t message = {.fd = open_unnamed(), .bytes = ""};
  message.len = copy_input(message.fd);
  if (message.len) message.bytes = mmap(NULL, message.len, PROT_READ, MAP_PRIVATE, message.fd, 0);
  if (message.bytes == MAP_FAILED) die_system(EX_OSERR, "map the message");
  return message;
}

void message_end_at_dot(message_t *message) {
  message->len = dot_find(message->bytes, message->len);
}
