#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "conf/conf.h"
#include "route/route.h"

#define USAGE       "route-compile [-n] [routes [routes.cdb]]"
#define EXIT_ERRORS 1
#define TABLE_MODE  0644

char const *PROG = "route-compile";

/* ---- where things are ---- */

typedef struct paths {
  char text[PATH_MAX];
  char table[PATH_MAX];
  char temporary[PATH_MAX]; /* beside table; "" as long as there is none */
} paths_t;

static void path_make(char path[PATH_MAX], char const *first, char const *second) {
  if (snprintf(path, PATH_MAX, "%s%s", first, second) >= PATH_MAX)
    strerr_dief2x(100, first, ": name too long");
}

static void paths_set(paths_t *paths, char const *const *arguments) {
  if (arguments[0])
    path_make(paths->text, arguments[0], "");
  else if (conf_path(paths->text, PATH_MAX, "routes") < 0)
    strerr_diefu1sys(111, "name the routes in the conf folder");
  if (arguments[0] && arguments[1])
    path_make(paths->table, arguments[1], "");
  else
    path_make(paths->table, paths->text, ".cdb");
}

static _Noreturn void die_at(paths_t const *paths, char const *step, char const *path) {
  int error = errno;
  if (*paths->temporary) unlink(paths->temporary);
  errno = error;
  strerr_diefu3sys(111, step, " ", path);
}

/* ---- the new table ---- */

static int table_in_memory(void) {
  int fd = memfd_create("routes", MFD_CLOEXEC);
  if (fd < 0) strerr_diefu1sys(111, "create a file in memory");
  return fd;
}

static int table_create(paths_t *paths) {
  path_make(paths->temporary, paths->table, ".XXXXXX");
  int fd = mkostemp(paths->temporary, O_CLOEXEC);
  if (fd < 0) strerr_diefu3sys(111, "create ", paths->table, ".XXXXXX");
  return fd;
}

static void folder_sync(paths_t const *paths) {
  char folder[PATH_MAX];
  char const *slash = strrchr(paths->table, '/');
  size_t len = slash ? (size_t)(slash - paths->table) + 1 : 1;
  memcpy(folder, slash ? paths->table : ".", len);
  folder[len] = 0;
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) die_at(paths, "open", folder);
  if (fsync(fd) < 0) die_at(paths, "sync", folder);
  close(fd);
}

static void table_install(paths_t *paths, int fd) {
  if (fchmod(fd, TABLE_MODE) < 0) die_at(paths, "set the mode of", paths->temporary);
  if (fsync(fd) < 0) die_at(paths, "sync", paths->temporary);
  if (rename(paths->temporary, paths->table) < 0) die_at(paths, "replace", paths->table);
  *paths->temporary = 0;
  folder_sync(paths);
}

/* ---- accounts ---- */

#define PEOPLE_FIRST  1000 /* login.defs' UID_MIN */
#define RESERVED_MIN  60000
#define RESERVED_MAX  65535 /* nobody, and what the distribution and systemd keep for themselves */
#define NAME_OF_USERS "abcdefghijklmnopqrstuvwxyz0123456789-_+=,."

/* People's, under a name that an address can have. */
static bool is_persons(struct passwd const *entry) {
  return entry->pw_uid >= PEOPLE_FIRST &&
         (entry->pw_uid < RESERVED_MIN || entry->pw_uid > RESERVED_MAX) &&
         !entry->pw_name[strspn(entry->pw_name, NAME_OF_USERS)];
}

static void warn_of(struct passwd const *entry, char const *what) {
  strerr_warnw4x("the account ", entry->pw_name, " is left out: ", what);
}

static bool account_set(route_account_t *account, struct passwd const *entry) {
  int groups = ROUTE_GROUPS_MAX;
  if (strlen(entry->pw_name) >= sizeof account->name)
    return warn_of(entry, "its name is too long"), false;
  if (*entry->pw_dir != '/' || strlen(entry->pw_dir) >= sizeof account->home)
    return warn_of(entry, "its home is no absolute path, or a long one"), false;
  if (getgrouplist(entry->pw_name, entry->pw_gid, account->groups, &groups) < 0)
    return warn_of(entry, "it is in too many groups"), false;
  account->uid = entry->pw_uid;
  account->gid = entry->pw_gid;
  account->is_person = is_persons(entry);
  account->group_count = (size_t)groups;
  stpcpy(account->name, entry->pw_name);
  stpcpy(account->home, entry->pw_dir);
  return true;
}

static int take_account(struct passwd const *entry, route_each_account_f *each, void *data) {
  static route_account_t account;
  return account_set(&account, entry) ? each(data, &account) : 0;
}

static int named_account(char const *name, route_each_account_f *each, void *data) {
  errno = 0;
  struct passwd const *entry = getpwnam(name);
  if (entry) return take_account(entry, each, data);
  return errno && errno != ENOENT && errno != ESRCH ? -1 : 0; /* some say so for nobody */
}

static int accounts(char const *name, route_each_account_f *each, void *data) {
  struct passwd const *entry;
  int result = 0;
  if (name) return named_account(name, each, data);
  setpwent();
  while (!result && (entry = getpwent()))
    if (is_persons(entry)) result = take_account(entry, each, data);
  endpwent();
  return result;
}

/* ---- the text ---- */

static void report(void *data, size_t line, route_severity_t severity, char const *text) {
  char const *path = data, *kind = severity == ROUTE_ERROR ? ": " : ": warning: ";
  char digits[SIZE_FMT];
  digits[size_fmt(digits, line)] = 0;
  strerr_warn(path, line ? ": line " : "", line ? digits : "", kind, text);
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  paths_t paths = {.temporary = ""};
  stralloc text = STRALLOC_ZERO;
  bool check_only = false;
  for (int option; (option = subgetopt_r(argc, argv, "nh", &options)) != -1;) {
    if (option != 'n') strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    check_only = true;
  }
  if (argc - options.ind > 2) strerr_dieusage(100, USAGE);
  paths_set(&paths, argv + options.ind);
  if (!openslurpclose(&text, paths.text)) strerr_diefu2sys(111, "read ", paths.text);
  int fd = check_only ? table_in_memory() : table_create(&paths);
  int result = route_compile(text.s, text.len, fd, accounts, report, paths.text);
  if (result < 0) die_at(&paths, "compile", paths.text);
  stralloc_free(&text);
  if (result == 0 && !check_only) table_install(&paths, fd);
  if (*paths.temporary) unlink(paths.temporary);
  return result ? EXIT_ERRORS : 0;
}
