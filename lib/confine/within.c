/* Landlock, in all the versions that the kernel may have. The numbers are the kernel's: the headers
   that a libc was made with may not know the later ones. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/confine.h"

/* ---- the kernel's interface ------------------------------------------------------------------ */

enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  READ_FILE = 1 << 2,
  READ_DIR = 1 << 3,
  REMOVE_DIR = 1 << 4,
  REMOVE_FILE = 1 << 5,
  MAKE_CHAR = 1 << 6,
  MAKE_DIR = 1 << 7,
  MAKE_REG = 1 << 8,
  MAKE_SOCK = 1 << 9,
  MAKE_FIFO = 1 << 10,
  MAKE_BLOCK = 1 << 11,
  MAKE_SYM = 1 << 12,
  REFER = 1 << 13,
  TRUNCATE = 1 << 14,
  IOCTL_DEV = 1 << 15
};

enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };
enum { ABSTRACT_UNIX_SOCKET = 1 << 0, SIGNAL = 1 << 1 };
enum { RULE_PATH = 1, RULE_PORT = 2 };
enum { ASK_VERSION = 1 };

typedef struct ruleset {
  uint64_t files, ports, scoped;
} ruleset_t;

typedef struct path_rule {
  uint64_t access;
  int32_t fd;
} __attribute__((packed)) path_rule_t;

typedef struct port_rule {
  uint64_t access, port;
} port_rule_t;

/* ---- what a version knows -------------------------------------------------------------------- */

#define OF_FILES                                                                                   \
  (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV) /* the rest is of folders */
#define ALL_OF_FIRST (MAKE_SYM | (MAKE_SYM - 1))

static uint64_t known_of_files(int version) {
  uint64_t known = ALL_OF_FIRST;
  if (version >= 2) known |= REFER;
  if (version >= 3) known |= TRUNCATE;
  if (version >= 5) known |= IOCTL_DEV;
  return known;
}

static uint64_t rights(unsigned int access) {
  uint64_t const makes =
      MAKE_REG | MAKE_DIR | MAKE_FIFO | MAKE_SOCK | MAKE_SYM | REMOVE_FILE | REMOVE_DIR;
  uint64_t right = 0;
  if (access & CONFINE_READ) right |= READ_FILE | READ_DIR;
  if (access & CONFINE_WRITE) right |= WRITE_FILE | TRUNCATE | IOCTL_DEV;
  if (access & CONFINE_MAKE) right |= makes | REFER;
  if (access & CONFINE_EXECUTE) right |= EXECUTE;
  return right;
}

/* The first version lets nothing be renamed from folder to folder. */
static bool files_fit(confine_bounds_t const *bounds, int version) {
  if (version >= 2) return true;
  for (size_t i = 0; i < bounds->count; i++)
    if (bounds->paths[i].access & CONFINE_MAKE) return false;
  return version == 1;
}

static ruleset_t choose(confine_bounds_t const *bounds, int version, unsigned int *missing) {
  ruleset_t handled = {0};
  *missing = 0;
  if (files_fit(bounds, version))
    handled.files = known_of_files(version);
  else
    *missing |= CONFINE_NO_FILES;
  if (!bounds->bind.any) handled.ports |= BIND_TCP;
  if (!bounds->connect.any) handled.ports |= CONNECT_TCP;
  if (version < 4 && handled.ports) *missing |= CONFINE_NO_PORTS, handled.ports = 0;
  handled.scoped = bounds->abstract ? SIGNAL : ABSTRACT_UNIX_SOCKET | SIGNAL;
  if (version < 6) *missing |= CONFINE_NO_SCOPE, handled.scoped = 0;
  return handled;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static int add_rule(int rules, int kind, void const *rule) {
  return (int)syscall(SYS_landlock_add_rule, rules, kind, rule, 0);
}

static bool is_absent(int error) {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP;
}

static int allow_path(int rules, confine_path_t const *path, uint64_t handled) {
  struct stat st;
  path_rule_t rule = {.access = rights(path->access) & handled};
  rule.fd = open(path->path, O_PATH | O_CLOEXEC);
  if (rule.fd < 0) return is_absent(errno) ? 0 : -1;
  if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode)) rule.access &= OF_FILES;
  int const r = rule.access ? add_rule(rules, RULE_PATH, &rule) : 0;
  int const error = errno;
  close(rule.fd);
  return errno = error, r;
}

static int allow_paths(int rules, confine_bounds_t const *bounds, uint64_t handled) {
  for (size_t i = 0; handled && i < bounds->count; i++)
    if (allow_path(rules, &bounds->paths[i], handled) < 0) return -1;
  return 0;
}

static int allow_ports(int rules, confine_ports_t const *ports, uint64_t access) {
  for (size_t i = 0; access && i < ports->count; i++) {
    port_rule_t const rule = {access, ports->all[i]};
    if (add_rule(rules, RULE_PORT, &rule) < 0) return -1;
  }
  return 0;
}

static int enter(int rules, confine_bounds_t const *bounds, ruleset_t const *handled) {
  if (allow_paths(rules, bounds, handled->files) < 0 ||
      allow_ports(rules, &bounds->bind, handled->ports & BIND_TCP) < 0 ||
      allow_ports(rules, &bounds->connect, handled->ports & CONNECT_TCP) < 0)
    return -1;
  return (int)syscall(SYS_landlock_restrict_self, rules, 0);
}

int confine_within(confine_bounds_t const *bounds, unsigned int *missing) {
  int const version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
  ruleset_t const handled = choose(bounds, version, missing);
  if (!handled.files && !handled.ports && !handled.scoped) return 0;
  size_t const size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  int const rules = (int)syscall(SYS_landlock_create_ruleset, &handled, size, 0);
  if (rules < 0) return -1;
  int const r = enter(rules, bounds, &handled), error = errno;
  close(rules);
  return errno = error, r;
}
