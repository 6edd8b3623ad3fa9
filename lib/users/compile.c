#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/cdbmake.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include "users/internal.h"

#define ERRORS_MAX 100
#define COSTS_MAX  16 /* kinds of hashes that are told apart */
#define COST_SIZE  32

/* Users whose passwords take the same time. */
typedef struct cost {
  char kind[COST_SIZE];
  size_t users;
  char model[USERS_NAME_MAX + 1]; /* the first of them */
} cost_t;

/* A key that the table has, to see whether it is there twice. */
typedef struct entry {
  size_t line;
  size_t at, len; /* in keys */
} entry_t;

typedef struct compiler {
  users_report_f *report;
  void *data;
  size_t errors, users;
  cdbmaker cdb;
  stralloc keys;
  genalloc entries; /* entry_t */
  cost_t costs[COSTS_MAX];
} compiler_t;

static void error_report(compiler_t *compiler, size_t line, char const *reason) {
  if (compiler->errors++ < ERRORS_MAX) compiler->report(compiler->data, line, reason);
}

/* ---- what a password costs ---- */

/* The part of a hash that says how it is made: the method, and where the method takes one
   (crypt(5)) its parameter, which else is the salt. */
static size_t hash_method_len(char const *hash) {
  if (*hash != '$') return 0;
  size_t const id = 1 + strcspn(hash + 1, "$");
  size_t const parameter = hash[id] ? 1 + strcspn(hash + id + 1, "$") : 0;
  bool const has_parameter = strchr("y2gs", hash[1]) || memchr(hash + id, '=', parameter);
  return has_parameter ? id + parameter : id;
}

static void cost_kind(char kind[COST_SIZE], users_user_t const *user) {
  kind[0] = 0;
  if (user->hash)
    snprintf(kind, COST_SIZE, "crypt %.*s", (int)hash_method_len(user->hash), user->hash);
  else if (user->scram_sha256.iterations)
    snprintf(kind, COST_SIZE, "scram-sha-256 %u", user->scram_sha256.iterations);
  else if (user->scram_sha1.iterations)
    snprintf(kind, COST_SIZE, "scram-sha-1 %u", user->scram_sha1.iterations);
}

static void cost_count(compiler_t *compiler, users_user_t const *user) {
  char kind[COST_SIZE];
  cost_t *cost = compiler->costs, *end = cost + COSTS_MAX;
  cost_kind(kind, user);
  if (!*kind) return;
  while (cost < end && cost->users && strcmp(cost->kind, kind)) cost++;
  if (cost == end) return;
  if (cost->users++) return;
  strcpy(cost->kind, kind);
  strcpy(cost->model, user->name);
}

static bool model_add(compiler_t *compiler) {
  static char const key = USERS_KEY_MODEL;
  cost_t const *most = compiler->costs;
  for (cost_t const *cost = most; cost < compiler->costs + COSTS_MAX; cost++)
    if (cost->users > most->users) most = cost;
  return !most->users ||
         cdbmake_add(&compiler->cdb, &key, 1, most->model, (unsigned int)strlen(most->model));
}

/* ---- records ---- */

static bool record_add(compiler_t *compiler, size_t line, char const *key, size_t key_len,
                       char const *value, size_t value_len) {
  entry_t const entry = {line, compiler->keys.len, key_len};
  return cdbmake_add(&compiler->cdb, key, (unsigned int)key_len, value, (unsigned int)value_len) &&
         stralloc_catb(&compiler->keys, key, key_len) &&
         genalloc_append(entry_t, &compiler->entries, &entry);
}

static bool certificates_add(compiler_t *compiler, size_t line, users_user_t const *user) {
  char key[USERS_KEY_MAX];
  char const *word = user->certificates ? user->certificates : "";
  size_t const name_len = strlen(user->name);
  for (size_t len; word += strspn(word, " "), len = strcspn(word, " "); word += len)
    if (!record_add(compiler, line, key, users_key_make(key, USERS_KEY_CERTIFICATE, word, len),
                    user->name, name_len))
      return false;
  return true;
}

static bool user_add(compiler_t *compiler, size_t line, users_user_t const *user, char const *text,
                     size_t len) {
  char key[USERS_KEY_MAX];
  size_t const key_len = users_key_make(key, USERS_KEY_NAME, user->name, strlen(user->name));
  if (++compiler->users > USERS_MAX) return true;
  cost_count(compiler, user);
  return record_add(compiler, line, key, key_len, text, len) &&
         certificates_add(compiler, line, user);
}

static bool lines_add(compiler_t *compiler, char const *text, size_t len) {
  users_user_t user;
  bool added = true;
  size_t number = 1;
  for (char const *line = text, *end = text + len; added && line < end; number++) {
    char const *const newline = memchr(line, '\n', (size_t)(end - line));
    size_t const line_len = (size_t)((newline ? newline : end) - line);
    char const *reason;
    int const result = users_line_parse(&user, line, line_len, &reason);
    if (result < 0) error_report(compiler, number, reason);
    if (result > 0) added = user_add(compiler, number, &user, line, line_len);
    line += line_len + 1;
  }
  users_wipe(&user);
  return added;
}

/* ---- the whole ---- */

static int entry_compare(void const *a, void const *b, void *keys) {
  entry_t const *first = a, *second = b;
  char const *s = keys;
  size_t const len = first->len < second->len ? first->len : second->len;
  int const order = memcmp(s + first->at, s + second->at, len);
  if (order) return order;
  if (first->len != second->len) return first->len < second->len ? -1 : 1;
  return first->line < second->line ? -1 : first->line > second->line;
}

static bool same_key(entry_t const *a, entry_t const *b, char const *keys) {
  return a->len == b->len && !memcmp(keys + a->at, keys + b->at, a->len);
}

static void twice_report(compiler_t *compiler, entry_t const *first, entry_t const *second) {
  char reason[96];
  bool const name = compiler->keys.s[first->at] == USERS_KEY_NAME;
  snprintf(reason, sizeof reason, "%s is on line %zu already",
           name ? "this user" : "one of the certificates", first->line);
  error_report(compiler, second->line, reason);
}

static void entries_check(compiler_t *compiler) {
  entry_t *entries = genalloc_s(entry_t, &compiler->entries);
  size_t const count = genalloc_len(entry_t, &compiler->entries);
  if (!count) return;
  qsort_r(entries, count, sizeof *entries, entry_compare, compiler->keys.s);
  for (size_t i = 1, first = 0; i < count; i++) {
    if (same_key(&entries[first], &entries[i], compiler->keys.s))
      twice_report(compiler, &entries[first], &entries[i]);
    else
      first = i;
  }
  if (count > (size_t)2 * USERS_MAX)
    error_report(compiler, 0, "more certificates than a table holds");
}

static int compile(compiler_t *compiler, char const *text, size_t len, int fd) {
  if (!cdbmake_start(&compiler->cdb, fd) ||
      !cdbmake_add(&compiler->cdb, "", 0, USERS_VERSION, sizeof USERS_VERSION - 1) ||
      !lines_add(compiler, text, len) || !model_add(compiler))
    return -1;
  entries_check(compiler);
  if (compiler->users > USERS_MAX) error_report(compiler, 0, "more than 100000 users");
  if (compiler->errors) return 1;
  return cdbmake_finish(&compiler->cdb) ? 0 : -1;
}

int users_compile(char const *text, size_t len, int fd, users_report_f *report, void *data) {
  compiler_t compiler = {.report = report,
                         .data = data,
                         .cdb = CDBMAKER_ZERO,
                         .keys = STRALLOC_ZERO,
                         .entries = GENALLOC_ZERO};
  int const result = compile(&compiler, text, len, fd), error = errno;
  genalloc_free(entry_t, &compiler.entries);
  stralloc_free(&compiler.keys);
  genalloc_free(diuint32, &compiler.cdb.hplist);
  explicit_bzero(&compiler, sizeof compiler);
  return errno = error, result;
}
