#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include "queue/format.h"

/* ---- trailer and footer ---- */

static int write_at(int fd, char const *bytes, size_t len, uint64_t offset) {
  while (len) {
    ssize_t n = pwrite(fd, bytes, len, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    bytes += n;
    len -= (size_t)n;
    offset += (uint64_t)n;
  }
  return 0;
}

/* Writes them at the end of the message, in one piece, made in buffer. */
static int append_in(char *buffer, size_t len, int fd, uint64_t size, queue_draft_t const *draft) {
  queue_footer_t footer = {.message_size = size, .trailer_len = len};
  queue_trailer_write(buffer, draft);
  queue_footer_write(buffer + len, &footer);
  size_t total = len + QUEUE_FOOTER_SIZE;
  if (queue_checksum(&footer.checksum, fd, size, buffer, total - QUEUE_FOOTER_DIGITS) < 0)
    return -1;
  queue_footer_write(buffer + len, &footer);
  return write_at(fd, buffer, total, size);
}

int queue_trailer_append(int fd, uint64_t size, queue_draft_t const *draft) {
  size_t len = queue_trailer_write(NULL, draft);
  if (len > QUEUE_TRAILER_MAX) return errno = EMSGSIZE, -1;
  char usual[16384];
  if (len + QUEUE_FOOTER_SIZE <= sizeof usual) return append_in(usual, len, fd, size, draft);
  char *large = malloc(len + QUEUE_FOOTER_SIZE);
  if (!large) return -1;
  int result = append_in(large, len, fd, size, draft);
  int error = errno;
  free(large);
  return errno = error, result;
}

/* queue-send reads by the group's right, which a umask may have taken. */
static int allow_reading(int fd, mode_t mode) {
  return (mode & 07777) == 0640 ? 0 : fchmod(fd, 0640);
}

static int unlink_failed(char const *path) {
  int error = errno;
  unlink(path);
  return errno = error, -1;
}

/* ---- an unnamed file is named ---- */

static int name_by_proc(int fd, char const *path) {
  static char const folder[] = "/proc/self/fd/";
  char link[sizeof folder + UINT_FMT];
  memcpy(link, folder, sizeof folder - 1);
  link[sizeof folder - 1 + uint_fmt(link + sizeof folder - 1, (unsigned int)fd)] = 0;
  return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* Linux 6.10 lets whoever opened a file name it by its descriptor, which saves the way through
   /proc; for all others it says ENOENT. */
static int name_file(int fd, char const *path) {
  int result;
  do result = linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH);
  while (result < 0 && errno == EINTR);
  if (result == 0 || errno != ENOENT) return result;
  do result = name_by_proc(fd, path);
  while (result < 0 && errno == EINTR);
  return result;
}

static int commit_unnamed(int fd, struct stat const *status, queue_draft_t const *draft,
                          char const *path) {
  if (queue_trailer_append(fd, (uint64_t)status->st_size, draft) < 0) return -1;
  if (allow_reading(fd, status->st_mode) < 0 || name_file(fd, path) < 0) return -1;
  return fd_sync(fd) < 0 ? unlink_failed(path) : 0;
}

/* What says that the file cannot be named, or not be written to; a copy may do. */
static bool is_unnameable(int error) {
  static int const errors[] = {EBADF, EINVAL, ENOENT, EXDEV, EOPNOTSUPP,
                               EPERM, EACCES, ELOOP,  ENOSYS};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i] == error) return true;
  return false;
}

/* ---- a copy is renamed ---- */

static int copy_message(int out, int fd, uint64_t size) {
  char buffer[65536];
  for (uint64_t offset = 0; offset < size;) {
    size_t n = size - offset < sizeof buffer ? (size_t)(size - offset) : sizeof buffer;
    if (queue_pread(fd, buffer, n, offset) < 0 || write_at(out, buffer, n, offset) < 0) return -1;
    offset += n;
  }
  return 0;
}

/* A drop box cannot be opened by those who may only write into it: then all is synced. */
static int sync_folder(char const *queue, int file) {
  char path[PATH_MAX];
  if (queue_path(path, queue, "new", "") < 0) return -1;
  int folder = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return syncfs(file);
  int result = fd_sync(folder);
  close(folder);
  return result;
}

static int write_copy(int out, int fd, uint64_t size, queue_draft_t const *draft) {
  if (copy_message(out, fd, size) < 0 || queue_trailer_append(out, size, draft) < 0) return -1;
  return fchmod(out, 0640) < 0 ? -1 : fd_sync(out);
}

static int commit_copy(char const *queue, int fd, uint64_t size, queue_draft_t const *draft,
                       char const *name, char const *path) {
  char temporary[PATH_MAX];
  if (queue_path(temporary, queue, "tmp/", name) < 0) return -1;
  int out = open3(temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (out < 0) return -1;
  int result = 0;
  if (write_copy(out, fd, size, draft) < 0 || rename(temporary, path) < 0)
    result = unlink_failed(temporary);
  else if (sync_folder(queue, out) < 0)
    result = unlink_failed(path);
  int error = errno;
  close(out);
  return errno = error, result;
}

int queue_commit(char const *queue, int fd, struct stat const *status, queue_draft_t const *draft,
                 char *name) {
  char path[PATH_MAX];
  if (queue_name_make(name, draft->id) < 0 || queue_path(path, queue, "new/", name) < 0) return -1;
  if (commit_unnamed(fd, status, draft, path) == 0) return 0;
  if (!is_unnameable(errno)) return -1;
  return commit_copy(queue, fd, (uint64_t)status->st_size, draft, name, path);
}
