#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/exec.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "log/log.h"
#include "queue/queue.h"

#define USAGE "apply-edits program..."

char const *PROG = "apply-edits";

static _Noreturn void fail(char const *enhanced, char const *text, char const *step) {
  log_line_t line;
  int error = errno;
  log_start(&line, PROG, "failure");
  log_str(&line, "step", step);
  log_errno(&line, error);
  log_send(&line);
  chain_defer(451, enhanced, text);
}

static _Noreturn void fail_copy(char const *step) {
  fail("4.3.0", "cannot edit the message", step);
}

static _Noreturn void fail_edits(char const *step) {
  fail("4.3.5", "a filter asked for a bad edit", step);
}

static int open_copy(void) {
  int fd = queue_spool_open(conf_queue());
  if (fd < 0) fd = memfd_create("message", MFD_CLOEXEC);
  if (fd < 0) fail_copy("open a file for the copy");
  return fd;
}

/* The message as a file that begins where the message does. */
static int take_message(struct stat *status) {
  bool reading;
  int fd = 0;
  if (lseek(0, 0, SEEK_CUR) != 0) {
    fd = open_copy();
    if (queue_spool_fill(fd, 0, &reading) < 0) fail_copy("spool the message");
  }
  if (fstat(fd, status) < 0) fail_copy("stat the message");
  return fd;
}

/* ADD_HEADERS with the last LF. */
static char const *take_headers(void) {
  static char lines[CHAIN_LIST_MAX + 2];
  char const *list = getenv("ADD_HEADERS");
  size_t len = list ? strlen(list) : 0;
  if (!len) return "";
  if (len > CHAIN_LIST_MAX || !queue_headers_valid(list)) {
    errno = EINVAL;
    fail_edits("parse ADD_HEADERS");
  }
  memcpy(lines, list, len + 1);
  if (lines[len - 1] != '\n') lines[len] = '\n';
  return lines;
}

static size_t take_ranges(queue_range_t *ranges, uint64_t size) {
  char const *list = getenv("CUT_RANGES");
  ssize_t n = list ? queue_ranges_parse(ranges, QUEUE_RANGES_MAX, list, size) : 0;
  if (n < 0) fail_edits("parse CUT_RANGES");
  return (size_t)n;
}

static void copy_stream(int to, queue_stream_t *stream) {
  char buffer[65536];
  ssize_t n;
  while ((n = queue_stream_read(stream, buffer, sizeof buffer)) > 0)
    if (allwrite(to, buffer, (size_t)n) < (size_t)n) fail_copy("write the copy");
  if (n < 0) fail_copy("read the message");
}

static int make_copy(void) {
  static queue_range_t ranges[QUEUE_RANGES_MAX];
  struct stat status;
  int message = take_message(&status);
  uint64_t size = (uint64_t)status.st_size;
  char const *headers = take_headers();
  queue_stream_t stream = {.fd = message,
                           .size = size,
                           .headers = headers,
                           .headers_len = strlen(headers),
                           .ranges = ranges,
                           .nranges = take_ranges(ranges, size)};
  int copy = open_copy();
  copy_stream(copy, &stream);
  if (lseek(copy, 0, SEEK_SET) < 0) fail_copy("rewind the copy");
  return copy;
}

static void edit(void) {
  static char const *const gone[] = {"ADD_HEADERS", "CUT_RANGES", "MESSAGE_FILE"};
  int copy = make_copy();
  if (fd_move(0, copy) < 0) fail_copy("pass the copy on");
  for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
    if (!env_mexec(gone[i], 0)) fail_copy("change the environment");
}

static bool is_set(char const *name) {
  char const *value = getenv(name);
  return value && *value;
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "h", &options)) >= 0;)
    strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
  if (options.ind == argc) strerr_dieusage(100, USAGE);
  log_session(getenv("SESSION_ID"));
  if (is_set("ADD_HEADERS") || is_set("CUT_RANGES")) edit();
  chain_next(argv + options.ind);
}
