#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "pipe.h"

/* Not all file systems make files without a name. */
static int open_named(void) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/deliver-pipe.XXXXXX", settings.folder) >= PATH_MAX)
    return errno = ENAMETOOLONG, -1;
  int fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0) unlink(path);
  return fd;
}

static int open_unnamed(void) {
  int fd = open(settings.folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR) ? open_named() : fd;
}

static int put(int fd, char const *bytes, size_t len) {
  errno = 0;
  if (allwrite(fd, bytes, len) == len) return 0;
  if (!errno) errno = ENOSPC;
  return -1;
}

static int put_fields(int fd, worker_job_t const *job) {
  char fields[2 * DELIVERY_FIELD_SIZE];
  size_t len = delivery_return_path(fields, job->sender);
  len += delivery_delivered_to(fields + len, job->recipient);
  return put(fd, fields, len);
}

static int put_message(int fd, queue_entry_t const *entry) {
  static char buffer[65536];
  queue_stream_t stream = queue_entry_stream(entry);
  ssize_t n;
  while ((n = queue_stream_read(&stream, buffer, sizeof buffer)) > 0)
    if (put(fd, buffer, (size_t)n) < 0) return -1;
  return n < 0 ? -1 : 0;
}

int message_make(worker_job_t const *job, queue_entry_t const *entry) {
  int fd = open_unnamed();
  if (fd < 0) return -1;
  if ((settings.bare || put_fields(fd, job) == 0) && put_message(fd, entry) == 0 &&
      lseek(fd, 0, SEEK_SET) == 0)
    return fd;
  int error = errno;
  close(fd);
  return errno = error, -1;
}
