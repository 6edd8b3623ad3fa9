#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "deliver-smtp.h"
#include "log/log.h"

/* A file as it was when it was read; all zero where there was none. */
typedef struct stamp {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
} stamp_t;

typedef struct stamps {
  stamp_t policies, logins;
} stamps_t;

static tables_t *current;
static stamps_t read_as;

static stamp_t stamp_of(char const *path) {
  struct stat status;
  if (stat(path, &status) < 0) return (stamp_t){0};
  return (stamp_t){status.st_dev, status.st_ino, status.st_size, status.st_ctim};
}

static bool is_same(stamp_t const *a, stamp_t const *b) {
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* ---- reading ---- */

typedef struct text {
  char *s; /* malloced */
  size_t len;
} text_t;

static int read_open(text_t *text, int fd, mode_t forbidden) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -1;
  if (status.st_mode & forbidden) return errno = EACCES, -1;
  size_t const size = (size_t)status.st_size;
  if (size > REMOTE_TEXT_MAX) return errno = EFBIG, -1;
  text->s = malloc(size + 1);
  if (!text->s) return -1;
  errno = 0;
  text->len = allread(fd, text->s, size);
  return text->len < size && errno && errno != EPIPE ? -1 : 0;
}

/* A file that is not there is an empty one. 0, or -1 with errno: EACCES: it has permissions that
   are forbidden. */
static int read_file(text_t *text, char const *path, mode_t forbidden) {
  *text = (text_t){0};
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  int const result = read_open(text, fd, forbidden);
  int const saved = errno;
  close(fd);
  errno = saved;
  return result;
}

/* errno stays. */
static void text_free(text_t *text) {
  int const saved = errno;
  if (text->s) explicit_bzero(text->s, text->len);
  free(text->s);
  errno = saved;
}

/* 0, or -1 with errno; of a line that is no good error tells. */
static int load_policies(tables_t *tables, remote_error_t *error) {
  text_t text;
  if (read_file(&text, settings.policies, 0) == 0)
    tables->policies = remote_policies_parse(text.s ? text.s : "", text.len, error);
  text_free(&text);
  return tables->policies ? 0 : -1;
}

static int load_logins(tables_t *tables, remote_error_t *error) {
  text_t text;
  if (read_file(&text, settings.logins, S_IRWXO | S_IWGRP) == 0)
    tables->logins = remote_logins_parse(text.s ? text.s : "", text.len, error);
  text_free(&text);
  return tables->logins ? 0 : -1;
}

static void complain(char const *path, remote_error_t const *error) {
  log_line_t line;
  log_start(&line, PROG, "table");
  log_str(&line, "path", path);
  if (error->reason && error->line) log_uint(&line, "line", error->line);
  if (error->reason)
    log_str(&line, "reason", error->reason);
  else if (errno == EACCES)
    log_str(&line, "reason", "unreadable, or others may read or change it");
  else
    log_errno(&line, errno);
  log_send(&line);
}

/* NULL: one of them is no good, which was logged; lasting: until somebody changes it. */
static tables_t *tables_read(bool *lasting) {
  remote_error_t error = {0};
  tables_t *const tables = calloc(1, sizeof *tables);
  *lasting = false;
  if (!tables) return NULL;
  tables->users = 1;
  char const *const bad = load_policies(tables, &error) < 0 ? settings.policies
                          : load_logins(tables, &error) < 0 ? settings.logins
                                                            : NULL;
  if (!bad) return tables;
  *lasting = error.reason || errno == EACCES || errno == EFBIG;
  complain(bad, &error);
  tables_release(tables);
  return NULL;
}

static void note_stamps(stamps_t *stamps) {
  stamps->policies = stamp_of(settings.policies);
  stamps->logins = stamp_of(settings.logins);
}

/* ---- use ---- */

void tables_init(void) {
  bool lasting;
  note_stamps(&read_as);
  current = tables_read(&lasting);
  if (!current) strerr_dief1x(111, "the tables cannot be used");
}

static void replace(tables_t *tables) {
  tables_release(current);
  current = tables;
}

/* Tables that are no good leave the old ones in force, and are tried again when they change; those
   that could not be read, at the next use. */
tables_t *tables_use(void) {
  stamps_t now;
  bool lasting;
  note_stamps(&now);
  if (!is_same(&now.policies, &read_as.policies) || !is_same(&now.logins, &read_as.logins)) {
    tables_t *const tables = tables_read(&lasting);
    if (tables) replace(tables);
    if (tables || lasting) read_as = now;
  }
  current->users++;
  return current;
}

void tables_release(tables_t *tables) {
  if (--tables->users) return;
  remote_policies_free(tables->policies);
  remote_logins_free(tables->logins);
  free(tables);
}

tls_anchors_t const *tables_anchors(void) {
  static tls_anchors_t *anchors;
  if (!anchors) anchors = tls_anchors_load(settings.anchors);
  return anchors;
}
