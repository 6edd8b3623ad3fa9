#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "route/draft.h"

/* A local part that no pattern can name. */
#define NOBODY "\001"

/* The separators at @domain. */
static char const *separators_of(route_table_t const *table, char const *domain) {
  route_rule_t rule;
  if (route_rule_find(table, domain, strlen(domain), &rule) <= 0) return "";
  char const *separators = route_rule_text(&rule, ROUTE_ITEM_SEPARATORS);
  return separators ? separators : "";
}

/* ---- rules ---- */

/* Writes an address that goes by the rule of this key; returns its bytes. */
static size_t example_write(char *example, size_t size, route_table_t const *table,
                            char const *key) {
  char const letter = *key++, *domain = strrchr(key, '@');
  if (letter == ROUTE_KEY_DOMAIN) domain = --key;
  if (!domain) domain = key + strlen(key);
  char separator[2] = "";
  if (letter == ROUTE_KEY_EXTENSION) *separator = *separators_of(table, domain);
  bool is_open = letter == ROUTE_KEY_EXTENSION || letter == ROUTE_KEY_DOMAIN;
  return (size_t)snprintf(example, size, "%.*s%s%s%s", (int)(domain - key), key, separator,
                          is_open ? NOBODY : "", domain);
}

static void ignore_target(void *data, route_target_t const *target) {
  (void)data;
  (void)target;
}

/* Aliases to nobody are reported one by one, by reference_check. */
static void rule_check(draft_t *draft, route_table_t const *table, draft_rule_t const *rule) {
  char example[2 * SMTP_ADDRESS_MAX]; /* ours has two bytes more than an address at most */
  char const *key = draft->bytes.s + rule->key.at;
  route_rule_t found;
  if (*key != ROUTE_KEY_DOMAIN && route_rule_find(table, key, rule->key.len, &found) > 0 &&
      found.line != rule->line) {
    draft_error(draft, rule->line, "the same pattern is on line %zu already", found.line);
    return;
  }
  size_t len = example_write(example, sizeof example, table, key);
  if (route_resolve(table, example, len, ignore_target, NULL) == ROUTE_BROKEN && errno != ENOENT)
    draft_error(draft, rule->line, "%s", route_problem(errno));
}

/* ---- references ---- */

static void alias_check(draft_t *draft, route_table_t const *table, reference_t const *alias) {
  char const *address = draft->bytes.s + alias->text.at;
  route_status_t status = route_check(table, address, alias->text.len);
  if (status == ROUTE_NO_DOMAIN)
    draft_error(draft, alias->line, "%s is not at a domain of this table", address);
  if (status == ROUTE_NO_USER)
    draft_error(draft, alias->line, "%s has no rule, and would be refused", address);
}

static void domain_check(draft_t *draft, route_table_t const *table, reference_t const *domain) {
  route_rule_t rule;
  char const *text = draft->bytes.s + domain->text.at;
  if (route_rule_find(table, text, domain->text.len, &rule) <= 0)
    draft_error(draft, domain->line, "%s is not a domain of this table", text + 1);
}

static void separator_check(draft_t *draft, route_table_t const *table,
                            reference_t const *reference) {
  char const *text = draft->bytes.s + reference->text.at;
  if (!strchr(separators_of(table, text + 1), *text))
    draft_error(draft, reference->line, "%c is not a separator at %s", *text, text + 2);
}

static void user_check(draft_t *draft, route_table_t const *table, reference_t const *user) {
  char const *name = draft->bytes.s + user->text.at;
  route_account_t account;
  if (route_account_find(table, name, &account) <= 0)
    draft_error(draft, user->line, "there is no user %s", name);
  else if (!account.uid)
    draft_error(draft, user->line, "%s is root, whom nothing is delivered as", name);
}

static void (*const reference_checks[])(draft_t *, route_table_t const *, reference_t const *) = {
    [REFERENCE_ALIAS] = alias_check,
    [REFERENCE_DOMAIN] = domain_check,
    [REFERENCE_SEPARATOR] = separator_check,
    [REFERENCE_USER] = user_check};

/* ---- postmasters ---- */

/* RFC 5321 4.5.1. The other end of a domain alias gets its own warning. */
static void postmaster_check(draft_t *draft, route_table_t const *table, mention_t const *mention) {
  static char const name[] = "postmaster";
  char address[sizeof name + 1 + SMTP_DOMAIN_MAX];
  char const *domain = draft->bytes.s + mention->domain.at;
  route_rule_t rule;
  if (route_rule_find(table, domain, mention->domain.len, &rule) <= 0 ||
      route_rule_text(&rule, ROUTE_ITEM_DOMAIN))
    return;
  memcpy(address, name, sizeof name - 1);
  memcpy(address + sizeof name - 1, domain, mention->domain.len);
  if (route_check(table, address, sizeof name - 1 + mention->domain.len) == ROUTE_NO_USER)
    draft_warn(draft, mention->line, "nobody is postmaster%s, and somebody must be (RFC 5321)",
               domain);
}

/* draft_build has sorted the mentions by domain. */
static void postmasters_check(draft_t *draft, route_table_t const *table) {
  char const *last = "";
  for (size_t i = 0; i < genalloc_len(mention_t, &draft->mentions); i++) {
    mention_t const *mention = draft_mentions(draft) + i;
    char const *domain = draft->bytes.s + mention->domain.at;
    if (strcmp(domain, last) != 0) postmaster_check(draft, table, mention);
    last = domain;
  }
}

void draft_check(draft_t *draft, route_table_t const *table) {
  for (size_t i = 0; i < genalloc_len(reference_t, &draft->references); i++) {
    reference_t const *reference = draft_references(draft) + i;
    reference_checks[reference->kind](draft, table, reference);
  }
  for (size_t i = 0; i < genalloc_len(draft_rule_t, &draft->rules); i++)
    rule_check(draft, table, draft_rules(draft) + i);
  postmasters_check(draft, table);
}
