/* A folder of certificates, in any of the forms that people and ACME clients give it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cert/cert.h"

typedef struct walk {
  cert_files_f *each;
  void *data;
} walk_t;

/* <folder>/<name><suffix>; false if it is too long. */
static bool join(char path[PATH_MAX], char const *folder, char const *name, char const *suffix) {
  int const len = snprintf(path, PATH_MAX, "%s/%s%s", folder, name, suffix);
  return len > 0 && len < PATH_MAX;
}

static mode_t mode_of(char const *path) {
  struct stat st;
  return stat(path, &st) < 0 ? 0 : st.st_mode;
}

static int give(walk_t const *walk, char const *name, char const *chain, char const *key) {
  cert_files_t const files = {name, chain, key};
  return walk->each(walk->data, &files);
}

/* The last component of a path. */
static char const *base_of(char const *path) {
  char const *const slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

/* ---- forms ----------------------------------------------------------------------------------- */

/* NAME/fullchain.pem and privkey.pem. 1 if that is what this folder is. */
static int give_lineage(walk_t const *walk, char const *folder) {
  char chain[PATH_MAX], key[PATH_MAX];
  if (!join(chain, folder, "fullchain.pem", "") || !join(key, folder, "privkey.pem", "")) return 0;
  if (!S_ISREG(mode_of(chain)) || !mode_of(key)) return 0;
  return give(walk, base_of(folder), chain, key) < 0 ? -1 : 1;
}

/* NAME.pem or NAME.crt, and NAME.key. */
static int give_file(walk_t const *walk, char const *path) {
  char name[NAME_MAX + 1], key[PATH_MAX];
  char const *const base = base_of(path), *const dot = strrchr(base, '.');
  size_t const len = dot ? (size_t)(dot - base) : strlen(base), before = (size_t)(base - path);
  if (len > NAME_MAX || before + len + sizeof ".key" > sizeof key) return 0;
  memcpy(name, base, len);
  name[len] = 0;
  memcpy(key, path, before + len);
  memcpy(key + before + len, ".key", sizeof ".key");
  return give(walk, name, path, mode_of(key) ? key : NULL);
}

static bool is_certificate_file(char const *name) {
  char const *const dot = strrchr(name, '.');
  return dot && (!strcmp(dot, ".pem") || !strcmp(dot, ".crt"));
}

/* ---- folders --------------------------------------------------------------------------------- */

typedef int visit_f(walk_t const *walk, char const *path, char const *name, mode_t mode);

static int visit_each(walk_t const *walk, char const *folder, visit_f *visit) {
  char path[PATH_MAX];
  int result = 0;
  DIR *const dir = opendir(folder);
  if (!dir) return -1;
  for (struct dirent const *found; !result && (errno = 0, found = readdir(dir));)
    if (found->d_name[0] != '.' && join(path, folder, found->d_name, ""))
      result = visit(walk, path, found->d_name, mode_of(path));
  int const error = errno;
  closedir(dir);
  return errno = error, result || error ? -1 : 0;
}

static int visit_lineage(walk_t const *walk, char const *path, char const *name, mode_t mode) {
  (void)name;
  return S_ISDIR(mode) && give_lineage(walk, path) < 0 ? -1 : 0;
}

/* Where certbot and dehydrated have theirs. */
static bool is_folder_of_lineages(char const *name) {
  return !strcmp(name, "live") || !strcmp(name, "certs");
}

static int visit_any(walk_t const *walk, char const *path, char const *name, mode_t mode) {
  if (S_ISREG(mode)) return is_certificate_file(name) ? give_file(walk, path) : 0;
  if (!S_ISDIR(mode)) return 0;
  int const result = give_lineage(walk, path);
  if (result || !is_folder_of_lineages(name)) return result < 0 ? -1 : 0;
  /* One that we may not look into is no reason to serve nothing. */
  return visit_each(walk, path, visit_lineage) < 0 && errno != EACCES ? -1 : 0;
}

int cert_folder_each(char const *path, cert_files_f *each, void *data) {
  walk_t const walk = {each, data};
  struct stat st;
  if (stat(path, &st) < 0) return -1;
  if (!S_ISDIR(st.st_mode)) return give_file(&walk, path);
  int const result = give_lineage(&walk, path);
  return result ? (result < 0 ? -1 : 0) : visit_each(&walk, path, visit_any);
}
