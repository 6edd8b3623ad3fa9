#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "queue/format.h"

/* ---- the envelope ---- */

/* A memfd that nobody can write to any more comes from a caller who leaves it at offset 0. */
static bool is_sealed(int fd) {
  int const seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && seals & F_SEAL_WRITE;
}

/* From offset, or, where that is -1, from where it stands. */
static ssize_t read_part(char *to, size_t room, off_t offset) {
  ssize_t n;
  do n = offset < 0 ? read(1, to, room) : pread(1, to, room, offset);
  while (n < 0 && errno == EINTR);
  return n;
}

/* Room for the largest envelope, with what was read of it. Pages cost nothing until they are used.
 */
static char *enlarge(char const *bytes, size_t len) {
  char *large = mmap(NULL, QUEUE_ENVELOPE_MAX + 1, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return large == MAP_FAILED ? NULL : memcpy(large, bytes, len);
}

char const *queue_envelope_read(size_t *len) {
  static char usual[16384];
  char *bytes = usual;
  size_t room = sizeof usual;
  ssize_t n;
  bool const sealed = is_sealed(1);
  *len = 0;
  while ((n = read_part(bytes + *len, room - *len, sealed ? (off_t)*len : -1)) > 0) {
    *len += (size_t)n;
    if (*len < room && sealed) break;
    if (*len < room) continue;
    if (bytes != usual) return errno = EMSGSIZE, NULL;
    if (!(bytes = enlarge(bytes, *len))) return NULL;
    room = QUEUE_ENVELOPE_MAX + 1;
  }
  return n < 0 ? NULL : bytes;
}

/* ---- the message ---- */

static int open_copy(char const *queue) {
  int const fd = queue_spool_open(queue);
  return fd < 0 ? memfd_create("message", MFD_CLOEXEC) : fd;
}

/* As a file that begins where the message does. */
static int take_file(char const *queue) {
  if (lseek(0, 0, SEEK_CUR) == 0) return 0;
  int const fd = open_copy(queue);
  return fd < 0 || queue_spool_fill(fd, 0) ? -1 : fd;
}

/* With the last LF. */
static char const *end_lines(char const *headers) {
  static char lines[CHAIN_LIST_MAX + 2];
  size_t const len = strlen(headers);
  if (!len || headers[len - 1] == '\n') return headers;
  memcpy(lines, headers, len);
  lines[len] = '\n';
  return lines;
}

queue_failure_t const *queue_message_edited(queue_stream_t *stream, char const *queue,
                                            char const **step) {
  queue_edits_t edits;
  struct stat status;
  *step = "spool the message";
  int const fd = take_file(queue);
  if (fd < 0) return &queue_failures[QUEUE_READ_FAILED];
  *step = "stat the message";
  if (fstat(fd, &status) < 0) return &queue_failures[QUEUE_READ_FAILED];
  uint64_t const size = (uint64_t)status.st_size;
  if (queue_edits_take(&edits, (char const *const *)environ, size, step) < 0)
    return &queue_failures[QUEUE_BAD_EDITS];
  char const *headers = end_lines(edits.headers);
  *stream = (queue_stream_t){.fd = fd,
                             .size = size,
                             .headers = headers,
                             .headers_len = strlen(headers),
                             .ranges = edits.ranges,
                             .nranges = edits.nranges};
  return NULL;
}
