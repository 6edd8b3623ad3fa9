#include <errno.h>
#include <stdlib.h>
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

static int open_copy(void) {
  int fd = queue_spool_open(conf_queue());
  if (fd < 0) fd = memfd_create("message", MFD_CLOEXEC);
  if (fd < 0) fail_copy("open a file for the copy");
  return fd;
}

static void copy_stream(int to, queue_stream_t *stream) {
  char buffer[65536];
  ssize_t n;
  while ((n = queue_stream_read(stream, buffer, sizeof buffer)) > 0)
    if (allwrite(to, buffer, (size_t)n) < (size_t)n) fail_copy("write the copy");
  if (n < 0) fail_copy("read the message");
}

static int make_copy(void) {
  queue_stream_t stream;
  char const *step;
  queue_failure_t const *failure = queue_message_edited(&stream, conf_queue(), &step);
  if (failure == &queue_failures[QUEUE_BAD_EDITS]) fail(failure->enhanced, failure->text, step);
  if (failure) fail_copy(step);
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
    if (!env_mexec(gone[i], NULL)) fail_copy("change the environment");
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
