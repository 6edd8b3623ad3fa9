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
static int give_to_owner(int fd, struct stat const *log, int dirfd) {
  struct stat folder;
  if (fstat(dirfd, &folder) < 0) return -1;
  return log->st_uid == folder.st_uid ? 0 : fchown(fd, folder.st_uid, folder.st_gid);
}

/* Who was told that an order failed is not to see it obeyed. */
static int take_back(int fd, off_t size) {
  int const error = errno;
  if (ftruncate(fd, size) == 0) fd_sync(fd);
  return errno = error, -1;
}

static int write_order(int fd, queue_record_t const *record) {
  char line[1 + QUEUE_RECORD_MAX] = "\n";
  size_t const len = 1 + queue_record_format(line + 1, record);
  return allwrite(fd, line, len) < len ? -1 : fd_sync(fd);
}

static int add_order(int fd, int dirfd, queue_record_t const *record) {
  struct stat log;
  if (fstat(fd, &log) < 0 || give_to_owner(fd, &log, dirfd) < 0) return -1;
  return write_order(fd, record) == 0 ? 0 : take_back(fd, log.st_size);
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
  int const result = add_order(fd, dirfd, &record);
  int const error = errno;
  close(fd);
  return errno = error, result;
}
