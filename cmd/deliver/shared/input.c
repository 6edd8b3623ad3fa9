#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "inject.h"
#include "log/log.h"

extern char const *PROG;

static _Noreturn void fail(char const *enhanced, char const *text, char const *step) {
  log_failed_step(PROG, step);
  chain_defer(451, enhanced, text);
}

_Noreturn void inject_fail(char const *step) {
  fail("4.3.0", "the message cannot be handed on now", step);
}

/* ---- the message ---- */

static int open_copy(void) {
  int const fd = queue_spool_open(conf_queue());
  return fd < 0 ? memfd_create("message", MFD_CLOEXEC) : fd;
}

/* As a file that begins where the message does. */
static int take_message(void) {
  bool reading;
  if (lseek(0, 0, SEEK_CUR) == 0) return 0;
  int const fd = open_copy();
  if (fd < 0 || queue_spool_fill(fd, 0, &reading) < 0) inject_fail("spool the message");
  return fd;
}

/* ADD_HEADERS with the last LF. */
static char const *take_headers(void) {
  static char lines[CHAIN_LIST_MAX + 2];
  char const *const list = getenv("ADD_HEADERS");
  size_t const len = list ? strlen(list) : 0;
  if (!len) return "";
  errno = EINVAL;
  if (len > CHAIN_LIST_MAX || !queue_headers_valid(list))
    fail("4.3.5", "a filter asked for a bad edit", "parse ADD_HEADERS");
  memcpy(lines, list, len + 1);
  if (lines[len - 1] != '\n') lines[len] = '\n';
  return lines;
}

static size_t take_ranges(queue_range_t *ranges, uint64_t size) {
  char const *const list = getenv("CUT_RANGES");
  ssize_t const n = list ? queue_ranges_parse(ranges, QUEUE_RANGES_MAX, list, size) : 0;
  if (n < 0) fail("4.3.5", "a filter asked for a bad edit", "parse CUT_RANGES");
  return (size_t)n;
}

void inject_message(queue_stream_t *stream) {
  static queue_range_t ranges[QUEUE_RANGES_MAX];
  struct stat status;
  int const fd = take_message();
  if (fstat(fd, &status) < 0) inject_fail("stat the message");
  uint64_t const size = (uint64_t)status.st_size;
  char const *const headers = take_headers();
  *stream = (queue_stream_t){.fd = fd,
                             .size = size,
                             .headers = headers,
                             .headers_len = strlen(headers),
                             .ranges = ranges,
                             .nranges = take_ranges(ranges, size)};
}

/* ---- the envelope ---- */

/* A memfd that nobody can write to any more comes from a caller who leaves it at offset 0. */
static bool is_sealed(void) {
  int const seals = fcntl(1, F_GET_SEALS);
  return seals >= 0 && seals & F_SEAL_WRITE;
}

static size_t read_some(bool sealed, char *to, size_t room, size_t offset) {
  ssize_t n;
  do n = sealed ? pread(1, to, room, (off_t)offset) : read(1, to, room);
  while (n < 0 && errno == EINTR);
  if (n < 0) inject_fail("read the envelope");
  return (size_t)n;
}

/* Room for the largest: pages cost nothing until they are used. */
static char *make_room(void) {
  char *const room = mmap(0, QUEUE_ENVELOPE_MAX + 1, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) inject_fail("make room for the envelope");
  return room;
}

void inject_envelope(queue_envelope_t *envelope) {
  char *const bytes = make_room();
  bool const sealed = is_sealed();
  size_t len = 0;
  for (size_t n; (n = read_some(sealed, bytes + len, QUEUE_ENVELOPE_MAX + 1 - len, len));) len += n;
  if (queue_envelope_parse(envelope, bytes, len) == 0) return;
  if (chain_verdict_fd() < 0) _exit(CHAIN_EXIT_ENVELOPE);
  fail("4.3.0", "a bad envelope", "parse the envelope");
}
