#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "queue/queue.h"

char const *queue_held(queue_entry_t const *entry, queue_state_t const *state) {
  if (state->order) return state->order == QUEUE_HELD ? state->reason : 0;
  return queue_entry_fact(entry, "SMTP_HOLD");
}

/* queue-send must be able to open it, whoever made it. */
static int give_to_owner(int fd, int dirfd) {
  struct stat folder, log;
  if (fstat(dirfd, &folder) < 0 || fstat(fd, &log) < 0) return -1;
  return log.st_uid == folder.st_uid ? 0 : fchown(fd, folder.st_uid, folder.st_gid);
}

static int write_order(int fd, queue_record_t const *record) {
  char line[1 + QUEUE_RECORD_MAX] = "\n";
  size_t const len = 1 + queue_record_format(line + 1, record);
  return allwrite(fd, line, len) < len ? -1 : fd_sync(fd);
}

int queue_order(int dirfd, char const *name, queue_what_t order, char const *reason) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  queue_record_t const record = {.time =
                                     (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
                                 .what = order,
                                 .text = reason};
  int const fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (fd < 0) return -1;
  int const result = give_to_owner(fd, dirfd) < 0 ? -1 : write_order(fd, &record);
  int const error = errno;
  close(fd);
  return errno = error, result;
}
