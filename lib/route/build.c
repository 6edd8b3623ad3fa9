#include <stdlib.h>
#include <string.h>

#include <skalibs/cdbmake.h>
#include <skalibs/types.h>

#include "route/draft.h"

typedef struct builder {
  draft_t *draft;
  cdbmaker maker;
  stralloc value;
} builder_t;

static bool value_begin(builder_t *builder, size_t line) {
  char digits[SIZE_FMT];
  builder->value.len = 0;
  return stralloc_catb(&builder->value, digits, size_fmt(digits, line)) &&
         stralloc_0(&builder->value);
}

static bool value_items(builder_t *builder, slice_t items) {
  return stralloc_catb(&builder->value, builder->draft->items.s + items.at, items.len);
}

static bool record_add(builder_t *builder, slice_t key) {
  return cdbmake_add(&builder->maker, builder->draft->bytes.s + key.at, (unsigned int)key.len,
                     builder->value.s, (unsigned int)builder->value.len);
}

/* Rules of domains are add_domains' to write. */
static bool add_rules(builder_t *builder) {
  draft_t *draft = builder->draft;
  for (size_t i = 0; i < genalloc_len(draft_rule_t, &draft->rules); i++) {
    draft_rule_t const *rule = draft_rules(draft) + i;
    if (draft->bytes.s[rule->key.at] == ROUTE_KEY_DOMAIN) continue;
    if (!value_begin(builder, rule->line) || !value_items(builder, rule->items) ||
        !record_add(builder, rule->key))
      return false;
  }
  return true;
}

/* ---- domains: their mentions are brought together ---- */

static int mention_compare(void const *a, void const *b, void *bytes) {
  mention_t const *first = a, *second = b;
  char const *s = bytes;
  int order = strcmp(s + first->domain.at, s + second->domain.at);
  if (order) return order;
  return first->line < second->line ? -1 : first->line > second->line;
}

/* What is said of one domain. */
typedef struct domain {
  mention_t const *first;
  mention_t const *rule;
  mention_t const *separators;
  bool has_addresses;
} domain_t;

static void mention_set(draft_t *draft, mention_t const **set, mention_t const *mention,
                        char const *what) {
  if (*set)
    draft_error(draft, mention->line, "%s%s is on line %zu already", what,
                draft->bytes.s + mention->domain.at, (*set)->line);
  else
    *set = mention;
}

/* Gathers the mentions of the domain of *mention, up to end; moves *mention behind them. */
static domain_t domain_gather(draft_t *draft, mention_t const **mention, mention_t const *end) {
  char const *s = draft->bytes.s;
  domain_t domain = {.first = *mention};
  for (; *mention < end && !strcmp(s + (*mention)->domain.at, s + domain.first->domain.at);
       ++*mention) {
    if ((*mention)->kind == MENTION_RULE) mention_set(draft, &domain.rule, *mention, "");
    if ((*mention)->kind == MENTION_SEPARATORS)
      mention_set(draft, &domain.separators, *mention, "separators for ");
    if ((*mention)->kind == MENTION_ADDRESS) domain.has_addresses = true;
  }
  return domain;
}

static bool separators_add(builder_t *builder, slice_t separators) {
  static char const letter = ROUTE_ITEM_SEPARATORS;
  return stralloc_catb(&builder->value, &letter, 1) &&
         stralloc_catb(&builder->value, builder->draft->bytes.s + separators.at, separators.len) &&
         stralloc_0(&builder->value);
}

static bool domain_add(builder_t *builder, domain_t const *domain) {
  draft_t *draft = builder->draft;
  draft_rule_t const *rule = domain->rule ? draft_rules(draft) + domain->rule->rule : NULL;
  if (!rule && !domain->has_addresses) {
    draft_error(draft, domain->first->line, "separators for %s, which has no rule",
                draft->bytes.s + domain->first->domain.at);
    return true;
  }
  return value_begin(builder, rule ? rule->line : 0) &&
         separators_add(builder,
                        domain->separators ? domain->separators->separators : draft->separators) &&
         (!rule || value_items(builder, rule->items)) && record_add(builder, domain->first->domain);
}

static bool add_domains(builder_t *builder) {
  draft_t *draft = builder->draft;
  mention_t *mention = draft_mentions(draft);
  size_t count = genalloc_len(mention_t, &draft->mentions);
  if (!count) return true;
  qsort_r(mention, count, sizeof *mention, mention_compare, draft->bytes.s);
  mention_t const *next = mention, *end = mention + count;
  while (next < end) {
    domain_t domain = domain_gather(draft, &next, end);
    if (!domain_add(builder, &domain)) return false;
  }
  return true;
}

int draft_build(draft_t *draft, int fd) {
  static char const key = ROUTE_KEY_VERSION;
  builder_t builder = {.draft = draft, .value = STRALLOC_ZERO};
  bool built = cdbmake_start(&builder.maker, fd) &&
               cdbmake_add(&builder.maker, &key, 1, ROUTE_VERSION, sizeof ROUTE_VERSION - 1) &&
               add_rules(&builder) && add_domains(&builder) &&
               draft_add_accounts(draft, &builder.maker) && cdbmake_finish(&builder.maker);
  stralloc_free(&builder.value);
  return built ? 0 : -1;
}
