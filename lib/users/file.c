#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "users/internal.h"

#define FILE_MAX ((size_t)USERS_MAX * USERS_RECORD_MAX)

static int path_make(char path[PATH_MAX], char const *first, char const *second) {
  if (snprintf(path, PATH_MAX, "%s%s", first, second) >= PATH_MAX) return errno = ENAMETOOLONG, -1;
  return 0;
}

/* ---- opening ---- */

/* The lock is on the file itself: there is nothing to leave behind, and who waited for it may find
   that the file has been replaced. 1: it has. */
static int lock(users_file_t *file) {
  struct stat current;
  while (flock(file->fd, LOCK_EX) < 0)
    if (errno != EINTR) return -1;
  if (fstat(file->fd, &file->status) < 0) return -1;
  if (stat(file->path, &current) < 0) return errno == ENOENT ? 1 : -1;
  return current.st_dev != file->status.st_dev || current.st_ino != file->status.st_ino;
}

static int open_locked(users_file_t *file, int flags) {
  for (;;) {
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | flags, 0600);
    if (file->fd < 0) return -1;
    int const replaced = lock(file);
    if (!replaced) return 0;
    fd_close(file->fd);
    file->fd = -1;
    if (replaced < 0) return -1;
  }
}

/* With room for one more line, and the newline that the last one may lack. A text that is not read
   to its end must not be saved. */
static int text_read(users_file_t *file) {
  if (!S_ISREG(file->status.st_mode)) return errno = EINVAL, -1;
  if ((size_t)file->status.st_size > FILE_MAX) return errno = EFBIG, -1;
  file->size = (size_t)file->status.st_size + USERS_RECORD_MAX + 1;
  file->text = malloc(file->size);
  if (!file->text) return -1;
  errno = EIO;
  file->len = allread(file->fd, file->text, (size_t)file->status.st_size);
  return file->len == (size_t)file->status.st_size ? 0 : -1;
}

static void clear(users_file_t *file) {
  *file = (users_file_t){.fd = -1};
}

/* A link stays one: what it leads to is replaced. */
static int path_resolve(users_file_t *file, char const *path) {
  char resolved[PATH_MAX];
  return path_make(file->path, realpath(path, resolved) ? resolved : path, "");
}

static int open_with(users_file_t *file, char const *path, char const *table, int flags) {
  clear(file);
  if (path_make(file->table, table ? table : path, table ? "" : ".cdb") < 0) return -1;
  if (path_resolve(file, path) < 0 || open_locked(file, flags) < 0) return -1;
  if (text_read(file) == 0) return 0;
  int const error = errno;
  users_file_close(file);
  return errno = error, -1;
}

int users_file_open(users_file_t *file, char const *path, char const *table) {
  return open_with(file, path, table, 0);
}

int users_file_make(users_file_t *file, char const *path, char const *table) {
  return open_with(file, path, table, O_CREAT);
}

void users_file_close(users_file_t *file) {
  if (file->text) explicit_bzero(file->text, file->size);
  free(file->text);
  if (file->fd >= 0) fd_close(file->fd);
  clear(file);
}

/* ---- lines ---- */

typedef struct line {
  size_t at, len; /* its newline included */
} line_t;

static line_t line_at(users_file_t const *file, size_t at) {
  char const *const newline = memchr(file->text + at, '\n', file->len - at);
  return (line_t){at, newline ? (size_t)(newline - file->text) + 1 - at : file->len - at};
}

static int line_find(users_file_t const *file, char const *name, line_t *line, users_user_t *user) {
  char const *reason;
  for (*line = line_at(file, 0); line->len; *line = line_at(file, line->at + line->len)) {
    char const *const text = file->text + line->at;
    size_t const len = line->len - (text[line->len - 1] == '\n');
    if (users_line_parse(user, text, len, &reason) > 0 && users_name_is(user->name, name)) return 0;
  }
  users_wipe(user);
  return errno = ENOENT, -1;
}

int users_file_find(users_file_t const *file, char const *name, users_user_t *user) {
  line_t line;
  return line_find(file, name, &line, user);
}

/* Room for another line is made by copying: what realloc leaves behind would not be wiped. */
static int text_grow(users_file_t *file) {
  size_t const size = file->len + USERS_RECORD_MAX + 1;
  if (size <= file->size) return 0;
  char *const text = malloc(2 * size);
  if (!text) return -1;
  memcpy(text, file->text, file->len);
  explicit_bzero(file->text, file->size);
  free(file->text);
  file->text = text;
  file->size = 2 * size;
  return 0;
}

static int line_replace(users_file_t *file, line_t line, char const *text, size_t len) {
  if (text_grow(file) < 0) return -1;
  char *const place = file->text + line.at;
  memmove(place + len, place + line.len, file->len - line.at - line.len);
  memcpy(place, text, len);
  file->len += len - line.len;
  return 0;
}

static int last_line_end(users_file_t *file) {
  if (!file->len || file->text[file->len - 1] == '\n') return 0;
  return line_replace(file, (line_t){file->len, 0}, "\n", 1);
}

/* text is a line with its newline. */
static int line_put(users_file_t *file, char const *text, size_t len, char const **reason) {
  users_user_t user, old;
  line_t line;
  if (users_line_parse(&user, text, len - 1, reason) < 0 || last_line_end(file) < 0) return -1;
  if (line_find(file, user.name, &line, &old) < 0) line = (line_t){file->len, 0};
  users_wipe(&user);
  users_wipe(&old);
  return line_replace(file, line, text, len);
}

int users_file_put(users_file_t *file, users_user_t const *user, char const **reason) {
  char text[USERS_RECORD_MAX];
  ssize_t const len = users_line_format(text, sizeof text, user);
  int const result = len < 0 ? -1 : line_put(file, text, (size_t)len, reason);
  explicit_bzero(text, sizeof text);
  return result;
}

int users_file_remove(users_file_t *file, char const *name) {
  users_user_t old;
  line_t line;
  if (line_find(file, name, &line, &old) < 0) return -1;
  users_wipe(&old);
  return line_replace(file, line, "", 0);
}

/* ---- replacing ---- */

/* A file that will take the place of path. There can be one that a killed program left, and no
   other user of it: the lock is held. */
static int new_create(char new[PATH_MAX], char const *path) {
  if (path_make(new, path, ".new") < 0) return -1;
  if (unlink(new) < 0 && errno != ENOENT) return -1;
  return open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Who may read the old text may read the new ones. */
static int new_finish(int fd, struct stat const *status) {
  struct stat mine;
  if (fstat(fd, &mine) < 0) return -1;
  bool const same = mine.st_uid == status->st_uid && mine.st_gid == status->st_gid;
  if (!same && fchown(fd, status->st_uid, status->st_gid) < 0) return -1;
  return fchmod(fd, status->st_mode & 0777) < 0 || fsync(fd) < 0 ? -1 : 0;
}

static int folder_sync(char const *path) {
  char folder[PATH_MAX];
  char const *const slash = strrchr(path, '/');
  size_t const len = slash ? (size_t)(slash - path) + 1 : 1;
  memcpy(folder, slash ? path : ".", len);
  folder[len] = 0;
  int const fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  int const result = fsync(fd), error = errno;
  fd_close(fd);
  return errno = error, result;
}

typedef int fill_f(users_file_t const *file, int fd, users_report_f *report, void *data);

static int text_fill(users_file_t const *file, int fd, users_report_f *report, void *data) {
  (void)report, (void)data;
  return allwrite(fd, file->text, file->len) == file->len ? 0 : -1;
}

static int table_fill(users_file_t const *file, int fd, users_report_f *report, void *data) {
  return users_compile(file->text, file->len, fd, report, data);
}

/* Writes what will take the place of path beside it. As users_compile: if it is 0 *fd is open, else
   nothing is left. */
static int new_write(users_file_t const *file, char const *path, int *fd, fill_f *fill,
                     users_report_f *report, void *data) {
  char new[PATH_MAX];
  if ((*fd = new_create(new, path)) < 0) return -1;
  int result = fill(file, *fd, report, data);
  if (result == 0) result = new_finish(*fd, &file->status);
  if (result == 0) return 0;
  int const error = errno;
  fd_close(*fd);
  unlink(new);
  return errno = error, result;
}

static int new_install(char const *path) {
  char new[PATH_MAX];
  if (path_make(new, path, ".new") < 0 || rename(new, path) < 0) return -1;
  return folder_sync(path);
}

static int table_write(users_file_t const *file, users_report_f *report, void *data) {
  int fd;
  int const result = new_write(file, file->table, &fd, table_fill, report, data);
  if (result == 0) fd_close(fd);
  return result;
}

int users_file_compile(users_file_t *file, users_report_f *report, void *data) {
  int const result = table_write(file, report, data);
  return result ? result : new_install(file->table);
}

/* Whoever opens the new text must wait for its table, too: so it is locked before it has its name,
   and the old one is not let go before. */
static int text_replace(users_file_t *file) {
  int fd;
  if (new_write(file, file->path, &fd, text_fill, NULL, NULL) < 0) return -1;
  int const result = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -1 : new_install(file->path);
  int const error = errno;
  fd_close(file->fd);
  file->fd = fd;
  return errno = error, result;
}

/* The text goes first: a table that is older is made anew by the next program, a text that is older
   would have the table lose what it has. */
int users_file_save(users_file_t *file, users_report_f *report, void *data) {
  int const result = table_write(file, report, data);
  if (result) return result;
  return text_replace(file) < 0 ? -1 : new_install(file->table);
}
