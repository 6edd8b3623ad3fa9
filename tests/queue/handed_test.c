/* What a link is handed: the message on fd 0, the envelope on fd 1. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit.h"
#include "queue/queue.h"

static char const envelope[] = "Fs@example\0Tr@example\0";

/* ---- the envelope ---- */

static int standard_output;

/* Has fd 1 be this one while the envelope is read. */
static char const *read_from(int fd, size_t *len) {
  dup2(fd, 1);
  char const *bytes = queue_envelope_read(len);
  int const error = errno;
  dup2(standard_output, 1);
  close(fd);
  return errno = error, bytes;
}

static int pipe_with(char const *bytes, size_t len) {
  int ends[2];
  if (pipe(ends) < 0 || write(ends[1], bytes, len) != (ssize_t)len) abort();
  close(ends[1]);
  return ends[0];
}

static int file_with(char const *bytes, size_t len) {
  int const fd = memfd_create("test", MFD_ALLOW_SEALING);
  if (fd < 0 || pwrite(fd, bytes, len, 0) != (ssize_t)len) abort();
  return fd;
}

static void check_envelope(void) {
  size_t len;
  char const *bytes = read_from(pipe_with(envelope, sizeof envelope), &len);
  CHECK_MEM("a pipe's", bytes, len, envelope, sizeof envelope);
  bytes = read_from(pipe_with("", 0), &len);
  CHECK("none", bytes && !len);
}

static void check_sealed(void) {
  size_t len;
  int const fd = file_with(envelope, sizeof envelope), kept = dup(fd);
  fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE);
  lseek(fd, 3, SEEK_SET);
  char const *bytes = read_from(fd, &len);
  CHECK_MEM("a sealed one from its start", bytes, len, envelope, sizeof envelope);
  CHECK_INT("where its offset stays", lseek(kept, 0, SEEK_CUR), 3);
  close(kept);
}

static void check_large(void) {
  size_t len;
  int const fd = memfd_create("test", 0), same = dup(fd);
  if (ftruncate(fd, QUEUE_ENVELOPE_MAX) < 0) abort();
  char const *bytes = read_from(fd, &len);
  CHECK("the largest", bytes && len == QUEUE_ENVELOPE_MAX);
  if (ftruncate(same, QUEUE_ENVELOPE_MAX + 1) < 0) abort();
  lseek(same, 0, SEEK_SET);
  CHECK("a larger one", !read_from(same, &len) && errno == EMSGSIZE);
}

/* ---- the message ---- */

static void set_edits(char const *headers, char const *cuts) {
  setenv("ADD_HEADERS", headers, 1);
  setenv("CUT_RANGES", cuts, 1);
}

/* "" after a failure, which is then in *failure. */
static char const *edited(int fd, queue_failure_t const **failure, char const **step) {
  static char text[256];
  queue_stream_t stream;
  size_t len = 0;
  dup2(fd, 0);
  close(fd);
  *failure = queue_message_edited(&stream, "/nonexistent", step);
  for (ssize_t n; !*failure && (n = queue_stream_read(&stream, text + len, 64)) > 0;)
    len += (size_t)n;
  text[len] = 0;
  return text;
}

static void check_message(void) {
  queue_failure_t const *failure;
  char const *step;
  set_edits("A: b", "0-4");
  CHECK_STR("a file's", edited(file_with("To: x\n", 6), &failure, &step), "A: b\nx\n");
  CHECK_STR("a pipe's", edited(pipe_with("To: x\n", 6), &failure, &step), "A: b\nx\n");
  CHECK("without a queue to copy it to", !failure);
  int const fd = file_with("To: x\nX", 7);
  lseek(fd, 3, SEEK_SET);
  set_edits("", "");
  CHECK_STR("of a file from where it stands", edited(fd, &failure, &step), " x\nX");
}

static void check_failures(void) {
  queue_failure_t const *failure;
  char const *step;
  set_edits("no header", "");
  edited(file_with("x", 1), &failure, &step);
  CHECK("a bad header", failure == &queue_failures[QUEUE_BAD_EDITS]);
  CHECK_STR("is told", step, "parse ADD_HEADERS");
  set_edits("", "4-3");
  edited(file_with("x", 1), &failure, &step);
  CHECK("a bad range", failure == &queue_failures[QUEUE_BAD_EDITS]);
  CHECK_STR("is told", step, "parse CUT_RANGES");
  int ends[2];
  if (pipe(ends) < 0) abort();
  edited(ends[1], &failure, &step);
  CHECK("what cannot be read", failure == &queue_failures[QUEUE_READ_FAILED]);
  close(ends[0]);
}

int main(void) {
  standard_output = dup(1);
  check_envelope();
  check_sealed();
  check_large();
  check_message();
  check_failures();
  return unit_done();
}
