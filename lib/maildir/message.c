#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/types.h>

#include "maildir/maildir.h"

#define TMP          "../tmp/"
#define CREATE_TRIES 5

static void tmp_path(char *path, maildir_message_t const *message) {
  stpcpy(stpcpy(path, TMP), message->name);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

int maildir_create(maildir_message_t *message, int folder, maildir_writer_t *writer) {
  char path[sizeof TMP + MAILDIR_NAME_SIZE];
  *message = (maildir_message_t){.fd = -1};
  for (unsigned i = 0; i < CREATE_TRIES; i++) {
    maildir_name_make(message->name, writer, now());
    tmp_path(path, message);
    message->fd = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (message->fd >= 0) return 0;
    if (errno != EEXIST && errno != EINTR) return -1;
  }
  return -1;
}

/* A LF is two bytes on the wire, unless a CR stands before it already. */
static uint64_t count_bare_lf(char last, char const *bytes, size_t len) {
  uint64_t count = 0;
  char const *end = bytes + len;
  for (char const *s = bytes; s < end && (s = memchr(s, '\n', (size_t)(end - s))); s++)
    count += (s == bytes ? last : s[-1]) != '\r';
  return count;
}

int maildir_write(maildir_message_t *message, char const *bytes, size_t len) {
  if (!len) return 0;
  errno = 0;
  if (allwrite(message->fd, bytes, len) < len) return errno = errno ? errno : ENOSPC, -1;
  message->size += len;
  message->wire_size += len + count_bare_lf(message->last, bytes, len);
  message->last = bytes[len - 1];
  return 0;
}

int maildir_close(maildir_message_t *message) {
  int result = close(message->fd);
  message->fd = -1;
  return result < 0 && errno != EINTR ? -1 : 0;
}

static char *put_size(char *out, char const *before, uint64_t size) {
  out = stpcpy(out, before);
  return out + uint64_fmt(out, size);
}

/* The name in new/. */
static void put_sized_name(char *out, maildir_message_t const *message) {
  out = stpcpy(out, message->name);
  out = put_size(out, ",S=", message->size);
  out = put_size(out, ",W=", message->wire_size);
  *out = 0;
}

int maildir_publish(maildir_message_t *message, int folder) {
  char path[sizeof TMP + MAILDIR_NAME_SIZE], name[MAILDIR_NAME_SIZE];
  tmp_path(path, message);
  put_sized_name(name, message);
  if (renameat(folder, path, folder, name) < 0) return -1;
  stpcpy(message->name, name);
  return 0;
}

void maildir_discard(maildir_message_t *message, int folder) {
  char path[sizeof TMP + MAILDIR_NAME_SIZE];
  if (message->fd >= 0) close(message->fd);
  message->fd = -1;
  tmp_path(path, message);
  unlinkat(folder, path, 0);
}

void maildir_withdraw(maildir_message_t const *message, int folder) {
  unlinkat(folder, message->name, 0);
}
