#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include "queue/format.h"

/* For file systems without unnamed files. It is named for a moment only. */
static int open_unlinked(char const *queue) {
  char path[PATH_MAX], id[CHAIN_ID_SIZE + 1], name[QUEUE_NAME_SIZE + 1];
  chain_id_make(id);
  if (queue_name_make(name, id) < 0 || queue_path(path, queue, "tmp/", name) < 0) return -1;
  int fd = open3(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0) unlink(path);
  return fd;
}

int queue_spool_open(char const *queue) {
  char path[PATH_MAX];
  if (queue_path(path, queue, "new", "") < 0) return -1;
  int fd = open3(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
  if (fd >= 0) return fd;
  bool unsupported = errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL;
  return unsupported ? open_unlinked(queue) : -1;
}

queue_failure_t const *queue_spool_fill(int spool, int from) {
  char buffer[65536];
  ssize_t n;
  while ((n = fd_read(from, buffer, sizeof buffer)) > 0)
    if (allwrite(spool, buffer, (size_t)n) < (size_t)n) return queue_failure_of(errno);
  return n < 0 ? &queue_failures[QUEUE_READ_FAILED] : NULL;
}

size_t queue_spool_fact(char out[QUEUE_SPOOL_FACT_SIZE], struct stat const *status) {
  size_t len = uint64_fmt(out, status->st_dev);
  out[len++] = ':';
  len += uint64_fmt(out + len, status->st_ino);
  out[len++] = ':';
  len += uint64_fmt(out + len, (uint64_t)status->st_size);
  out[len] = 0;
  return len;
}
