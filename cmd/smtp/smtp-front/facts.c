#include "facts.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

char const *unless_empty(char const *s) {
  return s && *s ? s : NULL;
}

char const *facts_next(facts_t const *facts, size_t *position) {
  if (*position >= facts->len) return NULL;
  char const *fact = facts->bytes + *position;
  *position += strlen(fact) + 1;
  return fact;
}

static bool fact_has_name(char const *fact, char const *name, size_t name_len) {
  return !strncmp(fact, name, name_len) && fact[name_len] == '=';
}

static char const *find(facts_t const *facts, char const *name, size_t name_len) {
  size_t position = 0;
  for (char const *fact; (fact = facts_next(facts, &position));)
    if (fact_has_name(fact, name, name_len)) return fact;
  return NULL;
}

char const *facts_get(facts_t const *facts, char const *name) {
  size_t name_len = strlen(name);
  char const *fact = find(facts, name, name_len);
  return fact ? fact + name_len + 1 : NULL;
}

static void unset(facts_t *facts, char const *name, size_t name_len) {
  char const *fact = find(facts, name, name_len);
  if (!fact) return;
  size_t at = (size_t)(fact - facts->bytes), len = strlen(fact) + 1;
  memmove(facts->bytes + at, facts->bytes + at + len, facts->len - at - len);
  facts->len -= len;
}

void facts_unset(facts_t *facts, char const *name) {
  unset(facts, name, strlen(name));
}

static int put(facts_t *facts, char const *name, size_t name_len, char const *value) {
  size_t value_len = strlen(value), len = name_len + 1 + value_len + 1;
  unset(facts, name, name_len);
  if (len > FACTS_BYTES - facts->len) return errno = ENOSPC, -1;
  char *to = facts->bytes + facts->len;
  memcpy(to, name, name_len);
  to[name_len] = '=';
  memcpy(to + name_len + 1, value, value_len + 1);
  facts->len += len;
  return 0;
}

int facts_set(facts_t *facts, char const *fact) {
  size_t name_len = strcspn(fact, "=");
  return fact[name_len] ? put(facts, fact, name_len, fact + name_len + 1) : 0;
}

int facts_set_value(facts_t *facts, char const *name, char const *value) {
  return put(facts, name, strlen(name), value);
}
