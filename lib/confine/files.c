#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/confine.h"

/* What Landlock has known from its first version on. */
#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ALL  (LANDLOCK_ACCESS_FS_MAKE_SYM | (LANDLOCK_ACCESS_FS_MAKE_SYM - 1))

static int allow(int rules, char const *path) {
  struct landlock_path_beneath_attr rule = {.allowed_access = READ};
  rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0) return -1;
  int const r = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  int const error = errno;
  close(rule.parent_fd);
  return errno = error, r;
}

static int allow_all(int rules, char const *const *folders, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (allow(rules, folders[i]) < 0) return -1;
  return (int)syscall(SYS_landlock_restrict_self, rules, 0);
}

int confine_files(char const *const *folders, size_t count) {
  struct landlock_ruleset_attr const handled = {.handled_access_fs = ALL};
  int const rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (rules < 0) return errno = errno == EOPNOTSUPP ? ENOSYS : errno, -1;
  int const r = allow_all(rules, folders, count), error = errno;
  close(rules);
  return errno = error, r;
}
