/* tcp-rules-compile: see tcp-rules-compile(1). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include "net/net.h"

#define USAGE "tcp-rules-compile [-n] rules [rules.cdb]"

char const *PROG = "tcp-rules-compile";

static void read_text(stralloc *text, char const *path) {
  int const fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : 0;
  if (fd < 0 || !slurp(text, fd)) strerr_diefu2sys(111, "read ", path);
  if (fd) close(fd);
}

static void make_path(char path[PATH_MAX], char const *start, char const *end) {
  int const len = snprintf(path, PATH_MAX, "%s%s", start, end);
  if (len < 0 || len >= PATH_MAX) strerr_dief2x(100, "the name is too long: ", start);
}

/* Nothing stays of a table that is not whole. */
static _Noreturn void give_up(char const *new, char const *step, char const *what) {
  int const saved = errno;
  unlink(new);
  errno = saved;
  strerr_diefu2sys(111, step, what);
}

static void compile(stralloc const *text, int fd, char const *name, char const *new) {
  net_rules_error_t error;
  char message[NET_RULES_ERROR_MAX];
  if (net_rules_compile(text->s, text->len, fd, &error) == 0) return;
  if (!error.reason) give_up(new, "write ", new);
  unlink(new);
  net_rules_error_text(message, name, &error, 0);
  strerr_dief1x(100, message);
}

/* The name in its folder must be on the disk too. */
static void sync_folder(char const *path) {
  char folder[PATH_MAX];
  char const *const slash = strrchr(path, '/');
  make_path(folder, path, "");
  strcpy(folder + (slash ? slash - path + 1 : 0), ".");
  int const fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) < 0) strerr_diefu2sys(111, "sync the folder of ", path);
  close(fd);
}

static void compile_file(stralloc const *text, char const *name, char const *path) {
  char new[PATH_MAX];
  make_path(new, path, ".new");
  if (unlink(new) < 0 && errno != ENOENT) strerr_diefu2sys(111, "remove ", new);
  int const fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) strerr_diefu2sys(111, "create ", new);
  compile(text, fd, name, new);
  if (fsync(fd) < 0) give_up(new, "sync ", new);
  if (close(fd) < 0) give_up(new, "close ", new);
  if (rename(new, path) < 0) give_up(new, "replace ", path);
  sync_folder(path);
}

static int ignore(void *data, char const *key, size_t key_len, char const *value,
                  size_t value_len) {
  (void)data, (void)key, (void)key_len, (void)value, (void)value_len;
  return 0;
}

static void check(stralloc const *text, char const *name) {
  net_rules_error_t error;
  char message[NET_RULES_ERROR_MAX];
  if (net_rules_parse(text->s, text->len, ignore, NULL, &error) == 0) return;
  net_rules_error_text(message, name, &error, errno);
  strerr_dief1x(100, message);
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  stralloc text = STRALLOC_ZERO;
  bool only_check = false;
  char path[PATH_MAX];
  for (int option; (option = subgetopt_r(argc, argv, "hn", &options)) != -1;) {
    if (option != 'n') strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    only_check = true;
  }
  int const count = argc - options.ind;
  argv += options.ind;
  if (count < 1 || count > 2) strerr_dieusage(100, USAGE);
  bool const is_input = !strcmp(argv[0], "-");
  if (is_input && count == 1 && !only_check) strerr_dieusage(100, USAGE);
  make_path(path, count == 2 ? argv[1] : argv[0], count == 2 ? "" : ".cdb");
  char const *const name = is_input ? "standard input" : argv[0];
  read_text(&text, argv[0]);
  if (only_check)
    check(&text, name);
  else
    compile_file(&text, name, path);
  stralloc_free(&text);
  return 0;
}
