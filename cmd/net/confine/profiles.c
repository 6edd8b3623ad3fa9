/* Where profiles are, and what they add. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "chain/chain.h"
#include "conf/conf.h"
#include "policy.h"

#define PROFILE_MAX 65536 /* bytes of one */

/* ---- finding --------------------------------------------------------------------------------- */

static char const *base_of(char const *path) {
  char const *const slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool is_file(char const *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* folder/middle/name, of the len bytes of folder. */
static bool find_in(char *path, char const *folder, size_t len, char const *middle,
                    char const *name) {
  if (len + strlen(middle) + strlen(name) >= PATH_MAX) return false;
  memcpy(path, folder, len);
  strcpy(stpcpy(path + len, middle), name);
  return is_file(path);
}

static bool find_beside(char *path, char const *program, char const *name) {
  return find_in(path, program, (size_t)(base_of(program) - program), "profiles/", name);
}

static bool find_replacement(char *path, char const *name) {
  char const *const conf = conf_directory();
  return find_in(path, conf, strlen(conf), "/confine/", name);
}

/* Beside us are those that belong to no program. */
static bool find_beside_us(char *path, char const *name) {
  char us[PATH_MAX];
  ssize_t const len = readlink("/proc/self/exe", us, sizeof us - 1);
  if (len < 0) return false;
  us[len] = 0;
  return find_beside(path, us, name);
}

/* program may be NULL. */
static bool find_profile(char *path, char const *name, char const *program) {
  if (!*name || *name == '.' || strchr(name, '/')) return false;
  return find_replacement(path, name) || (program && find_beside(path, program, name)) ||
         find_beside_us(path, name);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct reading {
  policy_t *policy;
  char const *path, *program;
} reading_t;

static void load(policy_t *policy, char const *path, char const *program);
static void add_hooks(policy_t *policy, char const *word);

static void include(reading_t const *reading, char const *name) {
  char path[PATH_MAX];
  if (!find_profile(path, name, reading->program))
    strerr_dief4x(100, reading->path, ": there is no profile ", name, " to include");
  load(reading->policy, path, reading->program);
}

static int take(void *data, confine_word_t keyword, char const *s, size_t len) {
  reading_t const *const reading = data;
  char word[PATH_MAX];
  if (len >= sizeof word) return errno = ENAMETOOLONG, -1;
  memcpy(word, s, len);
  word[len] = 0;
  if (keyword == CONFINE_PROFILE_INCLUDE)
    include(reading, word);
  else if (keyword == CONFINE_PROFILE_HOOKS)
    add_hooks(reading->policy, word);
  else
    policy_add(reading->policy, keyword, word, reading->path);
  return 0;
}

/* True the first time. */
static bool remember(policy_t *policy, char const *path) {
  char const **const loaded = genalloc_s(char const *, &policy->loaded);
  for (size_t i = 0; i < genalloc_len(char const *, &policy->loaded); i++)
    if (!strcmp(loaded[i], path)) return false;
  char const *const copy = strdup(path);
  if (!copy || !genalloc_append(char const *, &policy->loaded, &copy))
    strerr_diefu1sys(111, "get memory");
  return true;
}

static void load(policy_t *policy, char const *path, char const *program) {
  static char const *const problem = ": line ";
  stralloc text = STRALLOC_ZERO;
  reading_t reading = {policy, path, program};
  unsigned int line;
  char number[UINT_FMT];
  if (!remember(policy, path)) return;
  if (!openslurpclose(&text, path)) strerr_diefu2sys(111, "read ", path);
  if (text.len > PROFILE_MAX) strerr_dief2x(100, path, " is too large");
  if (confine_profile_read(text.s, text.len, take, &reading, &line) < 0) {
    number[uint_fmt(number, line)] = 0;
    strerr_dief4x(100, path, problem, number, " is no line of a profile");
  }
  stralloc_free(&text);
}

/* ---- programs -------------------------------------------------------------------------------- */

static confine_libc_t libc_of(char const *program) {
  char bytes[CONFINE_ELF_BYTES];
  int const fd = open(program, O_RDONLY | O_CLOEXEC);
  size_t const len = fd < 0 ? 0 : allread(fd, bytes, sizeof bytes);
  if (fd >= 0) close(fd);
  return confine_libc_of(bytes, len);
}

/* The interpreters of scripts have shared libraries. */
static void add_libc(policy_t *policy, char const *program) {
  static char const *const names[] = {
      [CONFINE_LIBC_NONE] = "libc-dynamic",
      [CONFINE_LIBC_MUSL] = "libc-musl",
      [CONFINE_LIBC_GLIBC] = "libc-glibc",
      [CONFINE_LIBC_DYNAMIC] = "libc-dynamic",
  };
  char path[PATH_MAX];
  confine_libc_t const libc = libc_of(program);
  if (!find_profile(path, names[libc], program))
    strerr_dief2x(100, "there is no profile ", names[libc]);
  load(policy, path, program);
}

/* A program that is replaced by an update has another inode, and the same folder: with profiles in
   it, it is ours, and nothing else is there. */
static void allow_execution(policy_t *policy, char const *program, bool is_ours) {
  char folder[PATH_MAX];
  size_t const len = (size_t)(base_of(program) - program);
  if (!is_ours || !len || len >= sizeof folder) {
    policy_add_path(policy, program, CONFINE_READ | CONFINE_EXECUTE);
    return;
  }
  memcpy(folder, program, len);
  folder[len] = 0;
  policy_add_path(policy, folder, CONFINE_READ | CONFINE_EXECUTE);
}

static void add_program(policy_t *policy, char const *program, char const *profile) {
  char beside[PATH_MAX];
  add_libc(policy, program);
  allow_execution(policy, program, find_beside(beside, program, base_of(program)));
  if (profile) load(policy, profile, program);
}

/* True if it has one. */
static bool add_if_profiled(policy_t *policy, char const *word) {
  char program[PATH_MAX], profile[PATH_MAX];
  if (chain_find(word, program, sizeof program) < 0 || !is_file(program)) return false;
  if (!find_profile(profile, base_of(program), program)) return false;
  add_program(policy, program, profile);
  return true;
}

void profiles_add(policy_t *policy, char const *name) {
  char profile[PATH_MAX];
  if (add_if_profiled(policy, name)) return;
  if (!find_profile(profile, name, NULL)) strerr_dief2x(100, "there is no profile ", name);
  load(policy, profile, NULL);
}

static void add_first(policy_t *policy, char const *word) {
  char program[PATH_MAX];
  if (add_if_profiled(policy, word)) return;
  if (chain_find(word, program, sizeof program) < 0)
    strerr_diefu2sys(errno == ENOENT ? 127 : 126, "find ", word);
  if (!genalloc_len(char const *, &policy->loaded))
    strerr_dief3x(100, "there is no profile for ", word, "; -p names one");
  add_program(policy, program, NULL);
}

void profiles_add_words(policy_t *policy, char const *const *words) {
  add_first(policy, *words++);
  for (; *words; words++) add_if_profiled(policy, *words);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

/* hook is a path, or the name of a program in PATH. */
static void add_hook(policy_t *policy, char const *hook) {
  char path[PATH_MAX], program[PATH_MAX];
  if (chain_find(hook, path, sizeof path) < 0 || !is_file(path) || !realpath(path, program)) return;
  if (add_if_profiled(policy, program)) return;
  policy_add_path(policy, program, CONFINE_READ | CONFINE_EXECUTE);
  profiles_add(policy, "foreign");
}

static void add_hooks_of(policy_t *policy, char const *folder) {
  char path[PATH_MAX];
  DIR *const dir = strchr(folder, '/') ? opendir(folder) : NULL;
  if (!dir) return add_hook(policy, folder);
  for (struct dirent const *entry; (entry = readdir(dir));) {
    size_t const len = strlen(folder);
    if (len + 1 + strlen(entry->d_name) >= sizeof path) continue;
    memcpy(path, folder, len);
    path[len] = '/';
    strcpy(path + len + 1, entry->d_name);
    add_hook(policy, path);
  }
  closedir(dir);
}

/* The paths that the word stands for are those that it lets be executed. */
static void add_hooks(policy_t *policy, char const *word) {
  size_t const before = genalloc_len(confine_path_t, &policy->paths);
  policy_add(policy, CONFINE_PROFILE_EXEC, word, word);
  size_t const after = genalloc_len(confine_path_t, &policy->paths);
  for (size_t i = before; i < after; i++)
    add_hooks_of(policy, genalloc_s(confine_path_t, &policy->paths)[i].path);
}
