#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static int put_message(int fd, worker_job_t const *job, queue_entry_t const *entry) {
  char fields[2 * DELIVERY_FIELD_SIZE];
  _Static_assert(sizeof fields <= QUEUE_BEFORE_MAX, "they are written with the message");
  size_t len = 0;
  if (!settings.bare) {
    len = delivery_return_path(fields, job->sender);
    len += delivery_delivered_to(fields + len, job->recipient);
  }
  return queue_entry_write(fd, fields, len, entry);
}

int message_make(worker_job_t const *job, queue_entry_t const *entry) {
  int fd = open_unnamed();
  if (fd < 0) return -1;
  if (put_message(fd, job, entry) == 0 && lseek(fd, 0, SEEK_SET) == 0) return fd;
  int error = errno;
  close(fd);
  return errno = error, -1;
}
