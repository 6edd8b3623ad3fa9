#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "maildir/maildir.h"

#define FOLDER_MODE 0777 /* less the umask */

int maildir_path_check(char const *path) {
  if (!*path) return errno = EINVAL, -1;
  for (char const *s = path; *s; s += strspn(s, "/")) {
    size_t len = strcspn(s, "/");
    if (len == 2 && s[0] == '.' && s[1] == '.') return errno = EINVAL, -1;
    s += len;
  }
  return 0;
}

/* Network file systems are interrupted. openat, since musl's open adds a call. */
static int open_folder(int at, char const *path, int flags) {
  int fd;
  do {
    fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

int maildir_open(char const *path) {
  char folder[PATH_MAX];
  if (strlen(path) + sizeof "/new" > sizeof folder) return errno = ENAMETOOLONG, -1;
  stpcpy(stpcpy(folder, path), "/new");
  return open_folder(AT_FDCWD, folder, O_NOFOLLOW);
}

/* ---- making ---- */

static int sync_folder(char const *path) {
  int fd = open_folder(AT_FDCWD, path, 0);
  if (fd < 0) return -1;
  int result = fd_sync(fd), error = errno;
  close(fd);
  errno = error;
  return result;
}

/* Writes the folder that path lies in, and tells where its last component begins. */
static size_t parent_of(char *parent, char const *path) {
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') end--;
  size_t start = end;
  while (start && path[start - 1] != '/') start--;
  size_t len = start;
  while (len > 1 && path[len - 1] == '/') len--;
  memcpy(parent, len ? path : ".", len ? len : 1);
  parent[len ? len : 1] = 0;
  return start;
}

static bool is_subfolder(char const *component) {
  return component[0] == '.' && component[1] && component[1] != '/';
}

/* Makes a folder in its parent, and syncs the parent. */
static int make_folder(char const *path, char const *parent) {
  if (mkdir(path, FOLDER_MODE) == 0) return sync_folder(parent);
  return errno == EEXIST ? 0 : -1;
}

static int make_with_parents(char const *path) {
  char parent[PATH_MAX];
  size_t last = parent_of(parent, path);
  if (make_folder(path, parent) == 0) return 0;
  if (errno != ENOENT || !strcmp(parent, path)) return -1;
  if ((is_subfolder(path + last) ? maildir_make : make_with_parents)(parent) < 0) return -1;
  return make_folder(path, parent);
}

static int make_part(int folder, char const *name) {
  return mkdirat(folder, name, FOLDER_MODE) < 0 && errno != EEXIST ? -1 : 0;
}

static int mark_subfolder(int folder) {
  int fd = openat(folder, "maildirfolder", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) return -1;
  close(fd);
  return 0;
}

/* Who finds new/ takes the Maildir for whole, after a power cut too: it comes when the rest is on
   the disk. */
static int make_parts(int folder, bool subfolder) {
  if (make_part(folder, "tmp") < 0 || make_part(folder, "cur") < 0) return -1;
  if (subfolder && mark_subfolder(folder) < 0) return -1;
  if (fd_sync(folder) < 0 || make_part(folder, "new") < 0) return -1;
  return fd_sync(folder);
}

int maildir_make(char const *path) {
  char parent[PATH_MAX];
  if (strlen(path) >= sizeof parent) return errno = ENAMETOOLONG, -1;
  size_t last = parent_of(parent, path);
  if (make_with_parents(path) < 0) return -1;
  int folder = open_folder(AT_FDCWD, path, 0);
  if (folder < 0) return -1;
  int result = make_parts(folder, is_subfolder(path + last)), error = errno;
  close(folder);
  errno = error;
  return result;
}

/* ---- sweeping ---- */

static bool is_stale(int folder, char const *name, int64_t now) {
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
    return false;
  time_t touched = status.st_mtime > status.st_ctime ? status.st_mtime : status.st_ctime;
  return touched < now - MAILDIR_STALE_SECONDS;
}

void maildir_sweep(int folder, int64_t now) {
  int tmp = open_folder(folder, "../tmp", O_NOFOLLOW);
  DIR *directory = tmp < 0 ? NULL : fdopendir(tmp);
  if (!directory) {
    if (tmp >= 0) close(tmp);
    return;
  }
  for (struct dirent const *file; (file = readdir(directory));)
    if (is_stale(tmp, file->d_name, now)) unlinkat(tmp, file->d_name, 0);
  closedir(directory);
}
