#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/types.h>

#include "route/draft.h"
#include "table/table.h"

#define PERSON      'p'
#define RECORD_SIZE (2 * ROUTE_TARGET_MAX + 12 * ROUTE_GROUPS_MAX)

/* ---- records ---- */

/* Returns its bytes; 0: it has more than RECORD_SIZE. */
static size_t record_format(char *out, route_account_t const *account) {
  char *s = out;
  if (account->group_count > ROUTE_GROUPS_MAX) return 0;
  if (account->is_person) *s++ = PERSON;
  *s++ = 0;
  s += uid_fmt(s, account->uid);
  *s++ = 0;
  s += gid_fmt(s, account->gid);
  *s++ = 0;
  s += gid_fmtlist(s, account->groups, account->group_count);
  *s++ = 0;
  return (size_t)(stpcpy(s, account->home) + 1 - out);
}

/* Takes the next text off a record. NULL at its end. */
static char const *text_next(cdb_data *record) {
  char const *s = record->s, *end = record->len ? memchr(s, 0, record->len) : NULL;
  if (!end) return NULL;
  record->s = end + 1;
  record->len -= (uint32_t)(end + 1 - s);
  return s;
}

static bool groups_parse(route_account_t *account, char const *s) {
  size_t len = gid_scanlist(account->groups, ROUTE_GROUPS_MAX, s, &account->group_count);
  return !s[len];
}

static bool account_parse(route_account_t *account, cdb_data *record) {
  char const *kind = text_next(record), *uid = text_next(record), *gid = text_next(record);
  char const *groups = text_next(record), *home = text_next(record);
  if (!home || record->len || !uid0_scan(uid, &account->uid) || !gid0_scan(gid, &account->gid) ||
      !groups_parse(account, groups) || strlen(home) >= sizeof account->home)
    return false;
  account->is_person = *kind == PERSON;
  stpcpy(account->home, home);
  return true;
}

int route_account_find(route_table_t const *table, char const *name, route_account_t *account) {
  char key[1 + ROUTE_NAME_SIZE] = {ROUTE_KEY_ACCOUNT};
  size_t len = strlen(name);
  cdb_data record;
  if (!table->open || !len || len >= sizeof account->name) return 0;
  memcpy(key + 1, name, len + 1);
  memcpy(account->name, name, len + 1);
  int found = table_find(&table->map, &record, key, (uint32_t)(1 + len));
  if (found <= 0) return found;
  return account_parse(account, &record) ? 1 : (errno = EPROTO, -1);
}

/* ---- compiling ---- */

typedef struct adding {
  draft_t *draft;
  cdbmaker *maker;
  genalloc names; /* char const *: those that rules name, sorted, each once */
  size_t count;
  bool all; /* but not those */
} adding_t;

static int name_compare(void const *a, void const *b) {
  return strcmp(*(char const *const *)a, *(char const *const *)b);
}

static bool names_gather(adding_t *adding) {
  draft_t *draft = adding->draft;
  for (size_t i = 0; i < genalloc_len(reference_t, &draft->references); i++) {
    reference_t const *reference = draft_references(draft) + i;
    char const *name = draft->bytes.s + reference->text.at;
    if (reference->kind == REFERENCE_USER && !genalloc_append(char const *, &adding->names, &name))
      return false;
  }
  char const **names = genalloc_s(char const *, &adding->names);
  size_t count = genalloc_len(char const *, &adding->names), kept = 0;
  if (count) qsort(names, count, sizeof *names, name_compare);
  for (size_t i = 0; i < count; i++)
    if (!kept || strcmp(names[kept - 1], names[i]) != 0) names[kept++] = names[i];
  genalloc_setlen(char const *, &adding->names, kept);
  return true;
}

static bool is_named(adding_t const *adding, char const *name) {
  size_t count = genalloc_len(char const *, &adding->names);
  return count &&
         bsearch(&name, genalloc_s(char const *, &adding->names), count, sizeof name, name_compare);
}

/* Rules and accounts together are as many as cdbmake can sort. */
static int account_add(void *data, route_account_t const *account) {
  adding_t *adding = data;
  char key[1 + ROUTE_NAME_SIZE] = {ROUTE_KEY_ACCOUNT}, record[RECORD_SIZE];
  if (adding->all && is_named(adding, account->name)) return 0;
  if (genalloc_len(draft_rule_t, &adding->draft->rules) + ++adding->count > ROUTE_RULES_MAX)
    return errno = E2BIG, -1;
  char *end = stpcpy(key + 1, account->name);
  size_t size = record_format(record, account);
  if (!size) return errno = E2BIG, -1;
  return cdbmake_add(adding->maker, key, (uint32_t)(end - key), record, (uint32_t)size) ? 0 : -1;
}

static bool accounts_add(adding_t *adding) {
  draft_t *draft = adding->draft;
  char const **names = genalloc_s(char const *, &adding->names);
  for (size_t i = 0; i < genalloc_len(char const *, &adding->names); i++)
    if (draft->accounts(names[i], account_add, adding) < 0) return false;
  adding->all = true;
  return !draft->open_accounts || draft->accounts(NULL, account_add, adding) == 0;
}

bool draft_add_accounts(draft_t *draft, cdbmaker *maker) {
  adding_t adding = {.draft = draft, .maker = maker, .names = GENALLOC_ZERO};
  if (!draft->accounts) return true;
  bool added = names_gather(&adding) && accounts_add(&adding);
  int error = errno;
  genalloc_free(char const *, &adding.names);
  errno = error;
  return added;
}
