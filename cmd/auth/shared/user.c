#include "user.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "conf/conf.h"
#include "confine/confine.h"

void user_hide(void) {
  if (confine_memory() < 0) strerr_diefu1sys(111, "hide memory");
}

char const *user_path(char const *path, char buffer[PATH_MAX]) {
  if (path) return path;
  if (conf_path(buffer, PATH_MAX, "users") < 0)
    strerr_diefu1sys(111, "name users in the conf folder");
  return buffer;
}

void user_report(void *data, size_t line, char const *reason) {
  char const *const path = data;
  char digits[SIZE_FMT];
  digits[size_fmt(digits, line)] = 0;
  strerr_warn(path, line ? ": line " : "", line ? digits : "", ": ", reason);
}

void user_open(users_file_t *file, char const *path) {
  if (users_file_open(file, path, NULL) < 0) strerr_diefu2sys(111, "open ", path);
}

void user_make(users_file_t *file, char const *path) {
  if (users_file_make(file, path, NULL) < 0) strerr_diefu2sys(111, "open ", path);
}

void user_done(int result, char const *path) {
  if (result > 0) strerr_dief2x(USER_EXIT_NO, path, " has errors: nothing was changed");
  if (result < 0) strerr_diefu2sys(111, "write ", path);
}

int user_check(users_file_t *file) {
  int const fd = memfd_create("users", MFD_CLOEXEC);
  if (fd < 0) strerr_diefu1sys(111, "create a file in memory");
  int const result = users_compile(file->text, file->len, fd, user_report, file->path);
  close(fd);
  return result;
}

void user_save(users_file_t *file) {
  user_done(users_file_save(file, user_report, file->path), file->path);
}

void user_put(users_file_t *file, users_user_t const *user) {
  char const *reason;
  if (users_file_put(file, user, &reason) == 0) return;
  if (errno == EINVAL) strerr_dief3x(100, user->name, ": ", reason);
  if (errno == ERANGE) strerr_dief2x(100, user->name, ": more than 8191 bytes");
  strerr_diefu2sys(111, "change ", file->path);
}

void user_warn(users_user_t const *user, char const *path) {
  if (user->plain)
    strerr_warnw3x(user->name, "'s password itself, which CRAM-MD5 and APOP need, is in ", path);
}

char const *user_name(char const *argument) {
  if (!users_name_valid(argument, strlen(argument)))
    strerr_dief1x(100, "a name is 1 to 255 bytes of UTF-8 without control characters");
  return argument;
}

void user_find(users_file_t const *file, char const *name, users_user_t *user) {
  if (users_file_find(file, name, user) < 0)
    strerr_dief4x(USER_EXIT_NO, "no user ", name, " in ", file->path);
}
