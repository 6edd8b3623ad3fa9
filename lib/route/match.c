#include <errno.h>
#include <string.h>

#include "route/internal.h"
#include "text/text.h"

/* ---- addresses ---- */

static void address_append(route_address_t *address, char const *s, size_t len) {
  char *out = address->key + 1 + address->len;
  for (size_t i = 0; i < len; i++) out[i] = to_lower(s[i]);
  out[len] = 0;
  address->len += len;
}

void route_address_set(route_address_t *address, char const *s, size_t len) {
  char const *at = memrchr(s, '@', len);
  size_t local_len = at ? (size_t)(at - s) : len;
  size_t rest_len = len - local_len;
  address->len = 0;
  address_append(address, s, local_len > SMTP_LOCAL_MAX ? 0 : local_len);
  address->at = address->len;
  if (at) address_append(address, at, rest_len > 1 + SMTP_DOMAIN_MAX ? 1 : rest_len);
}

int route_address_move(route_address_t *address, char const *domain) {
  size_t len = strlen(domain);
  if (len > SMTP_DOMAIN_MAX) {
    errno = EPROTO;
    return -1;
  }
  address->len = address->at + 1;
  address_append(address, domain, len);
  return 0;
}

bool route_address_foreign(route_address_t const *address) {
  char const *domain = route_address_text(address) + address->at + 1;
  if (!address->at || address->at == address->len) return false;
  size_t len = address->len - address->at - 1;
  return smtp_domain_valid(domain, len, SMTP_UTF8) || smtp_literal_valid(domain, len);
}

/* ---- extensions ---- */

static bool is_separator(char c, char const *separators) {
  return c && strchr(separators, c);
}

/* The place of the last separator before end that has a user before it and an extension behind it;
   0 if there is none. A quoted local part is one word. */
static size_t extension_before(route_address_t const *address, size_t end, char const *separators) {
  char const *s = route_address_text(address);
  if (*s == '"') return 0;
  while (end-- > 1)
    if (is_separator(s[end], separators) && end + 1 < address->at) return end;
  return 0;
}

static size_t first_user_len(route_address_t const *address, char const *separators) {
  size_t user_len = address->at, cut = user_len;
  while ((cut = extension_before(address, cut, separators))) user_len = cut;
  return user_len;
}

/* ---- rules ---- */

/* Looks up the key of this letter, the first user_len bytes of the local part, and what is behind
   the local part. 1, 0 or -1. */
static int probe(route_table_t const *table, route_address_t const *address, char letter,
                 size_t user_len, route_match_t *match) {
  char key[sizeof address->key];
  size_t domain_len = address->len - address->at;
  match->letter = key[0] = letter;
  match->user_len = user_len;
  memcpy(key + 1, route_address_text(address), user_len);
  memcpy(key + 1 + user_len, route_address_text(address) + address->at, domain_len);
  return route_rule_find(table, key, 1 + user_len + domain_len, &match->rule);
}

static int match_user(route_table_t const *table, route_address_t const *address,
                      char const *separators, route_match_t *match) {
  int found = probe(table, address, ROUTE_KEY_ADDRESS, address->at, match);
  size_t cut = address->at;
  while (!found && (cut = extension_before(address, cut, separators))) {
    found = probe(table, address, ROUTE_KEY_EXTENSION, cut, match);
    if (!found) found = probe(table, address, ROUTE_KEY_ADDRESS, cut, match);
  }
  return found;
}

static int match_name(route_table_t const *table, route_address_t const *address,
                      route_match_t *match) {
  route_address_t name = *address;
  name.len = name.at;
  return probe(table, &name, ROUTE_KEY_NAME, name.at, match);
}

static int match_domain(route_address_t const *address, route_rule_t const *domain,
                        char const *separators, route_match_t *match) {
  if (!domain->line) return 0;
  *match = (route_match_t){*domain, ROUTE_KEY_DOMAIN, first_user_len(address, separators)};
  return 1;
}

/* Whoever's account a rule would deliver as must have one: 1 or, with a text that has letters, 0.
 */
static int has_account(route_table_t const *table, route_address_t const *address,
                       route_match_t const *match) {
  route_item_t item;
  route_space_t space;
  route_account_t account;
  for (size_t position = 0; route_item_next(&match->rule, &position, &item);) {
    if (!strchr(item.user, '%')) continue;
    if (route_item_fill(&item, &space, address, match) < 0) return -1;
    int found = route_account_find(table, item.user, &account);
    if (found <= 0 || !account.is_person) return found < 0 ? -1 : 0;
  }
  return 1;
}

static route_status_t status_of(int found) {
  return found < 0 ? ROUTE_BROKEN : found ? ROUTE_FOUND : ROUTE_NO_USER;
}

route_status_t route_match_step(route_table_t const *table, route_address_t const *address,
                                route_match_t *match) {
  route_rule_t domain;
  int found;
  char const *key = route_address_text(address) + address->at;
  size_t key_len = address->len - address->at;
  if (!key_len) {
    found = match_name(table, address, match);
    return status_of(found > 0 ? has_account(table, address, match) : found);
  }
  found = route_rule_find(table, key, key_len, &domain);
  if (found <= 0) return found ? ROUTE_BROKEN : ROUTE_NO_DOMAIN;
  if (!address->at) return ROUTE_NO_USER;
  char const *separators = route_rule_text(&domain, ROUTE_ITEM_SEPARATORS);
  if (!separators) separators = "";
  found = match_user(table, address, separators, match);
  if (!found && !route_rule_text(&domain, ROUTE_ITEM_DOMAIN))
    found = match_name(table, address, match);
  if (!found) found = match_domain(address, &domain, separators, match);
  return status_of(found > 0 ? has_account(table, address, match) : found);
}

route_status_t route_match(route_table_t const *table, route_address_t *address,
                           route_match_t *match) {
  for (int hops = 0; hops <= ROUTE_DEPTH_MAX; hops++) {
    route_status_t status = route_match_step(table, address, match);
    if (status == ROUTE_NO_DOMAIN && hops) {
      errno = ENOENT;
      return ROUTE_BROKEN;
    }
    if (status != ROUTE_FOUND) return status;
    char const *domain = route_rule_text(&match->rule, ROUTE_ITEM_DOMAIN);
    if (!domain) return ROUTE_FOUND;
    if (route_address_move(address, domain) < 0) return ROUTE_BROKEN;
  }
  errno = ELOOP;
  return ROUTE_BROKEN;
}

int route_match_default(route_table_t const *table, route_address_t const *address,
                        route_match_t *match) {
  static char const key = ROUTE_KEY_DEFAULT;
  match->letter = key;
  match->user_len = address->at;
  return route_rule_find(table, &key, 1, &match->rule);
}

route_status_t route_check(route_table_t const *table, char const *address, size_t len) {
  route_address_t lookup;
  route_match_t match;
  route_address_set(&lookup, address, len);
  return route_match(table, &lookup, &match);
}

size_t route_user_len(route_table_t const *table, char const *address, size_t len) {
  route_address_t lookup;
  route_match_t match;
  route_address_set(&lookup, address, len);
  return route_match(table, &lookup, &match) == ROUTE_FOUND ? match.user_len : lookup.at;
}
