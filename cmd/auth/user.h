/* What the user-* commands do alike: the users file, and telling what is wrong with it. */
#ifndef CHAINMAIL_AUTH_USER_H
#define CHAINMAIL_AUTH_USER_H

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "conf/conf.h"
#include "users/users.h"

/* What there is, or is not, in the file: no user of that name, one already, an error in the text.
 */
#define USER_EXIT_NO 1

/* Secrets are in this process: nobody may look into it, and it leaves no core. */
static inline void user_hide(void) {
  static struct rlimit const none;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
    strerr_diefu1sys(111, "hide memory");
}

/* The path that an option gave, or users in the conf folder, which is written to buffer. */
static inline char const *user_path(char const *path, char buffer[PATH_MAX]) {
  if (path) return path;
  if (conf_path(buffer, PATH_MAX, "users") < 0)
    strerr_diefu1sys(111, "name users in the conf folder");
  return buffer;
}

/* A users_report_f; data is the file's path. */
static inline void user_report(void *data, size_t line, char const *reason) {
  char const *const path = data;
  char digits[SIZE_FMT];
  digits[size_fmt(digits, line)] = 0;
  strerr_warn(path, line ? ": line " : "", line ? digits : "", ": ", reason);
}

static inline void user_open(users_file_t *file, char const *path, bool create) {
  if (users_file_open(file, path, NULL, create) < 0) strerr_diefu2sys(111, "open ", path);
}

/* Dies unless result, of a function that compiles, is 0. */
static inline void user_done(int result, char const *path) {
  if (result > 0) strerr_dief2x(USER_EXIT_NO, path, " has errors: nothing was changed");
  if (result < 0) strerr_diefu2sys(111, "write ", path);
}

/* Compiles the text into nothing. As users_compile. */
static inline int user_check(users_file_t *file) {
  int const fd = memfd_create("users", MFD_CLOEXEC);
  if (fd < 0) strerr_diefu1sys(111, "create a file in memory");
  int const result = users_compile(file->text, file->len, fd, user_report, file->path);
  close(fd);
  return result;
}

static inline void user_save(users_file_t *file) {
  user_done(users_file_save(file, user_report, file->path), file->path);
}

static inline void user_put(users_file_t *file, users_user_t const *user) {
  char const *reason;
  if (users_file_put(file, user, &reason) == 0) return;
  if (errno == EINVAL) strerr_dief3x(100, user->name, ": ", reason);
  if (errno == ERANGE) strerr_dief2x(100, user->name, ": more than 8191 bytes");
  strerr_diefu2sys(111, "change ", file->path);
}

/* Once a password can be read, who it belongs to should hear of it. */
static inline void user_warn(users_user_t const *user, char const *path) {
  if (user->plain)
    strerr_warnw3x(user->name, "'s password itself, which CRAM-MD5 and APOP need, is in ", path);
}

static inline char const *user_name(char const *argument) {
  if (!users_name_valid(argument, strlen(argument)))
    strerr_dief1x(100, "a name is 1 to 255 bytes of UTF-8 without control characters");
  return argument;
}

static inline void user_find(users_file_t const *file, char const *name, users_user_t *user) {
  if (users_file_find(file, name, user) < 0)
    strerr_dief4x(USER_EXIT_NO, "no user ", name, " in ", file->path);
}

#endif
