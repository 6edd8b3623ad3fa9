#include <errno.h>
#include <string.h>

#include <skalibs/stralloc.h>

#include "route/internal.h"

/* An address on the way. */
typedef struct visit {
  char const *address;
  size_t len;
  size_t from; /* the visit whose rule has it as an alias; the first one's is itself */
  unsigned int depth;
} visit_t;

typedef struct walk {
  route_table_t const *table;
  route_watch_f *watch;
  void *data;
  size_t visits;
  size_t targets;
  stralloc found;    /* targets: a channel's letter, then argument, address, user, quota, NULs */
  char const *given; /* the first address, in the case in which it was given */
  visit_t visit[ROUTE_TARGETS_MAX];
} walk_t;

static int broken(int error) {
  errno = error;
  return -1;
}

/* ---- addresses ---- */

static bool is_visit(visit_t const *visit, char const *address, size_t len) {
  return visit->len == len && !memcmp(visit->address, address, len);
}

static bool is_circle(walk_t const *walk, size_t from, char const *address, size_t len) {
  for (;; from = walk->visit[from].from) {
    if (is_visit(walk->visit + from, address, len)) return true;
    if (!from) return false;
  }
}

static bool was_visited(walk_t const *walk, char const *address, size_t len) {
  for (size_t i = 0; i < walk->visits; i++)
    if (is_visit(walk->visit + i, address, len)) return true;
  return false;
}

static int follow_alias(walk_t *walk, size_t from, char const *address) {
  size_t len = strlen(address);
  unsigned int depth = walk->visit[from].depth + 1;
  if (is_circle(walk, from, address, len)) return broken(ELOOP);
  if (was_visited(walk, address, len)) return 0;
  if (depth > ROUTE_DEPTH_MAX) return broken(ELOOP);
  if (walk->visits == ROUTE_TARGETS_MAX) return broken(E2BIG);
  walk->visit[walk->visits++] = (visit_t){address, len, from, depth};
  return 0;
}

/* ---- targets ---- */

static char const *behind(char const *s) {
  return s + strlen(s) + 1;
}

/* Steps through the targets that were found. */
static bool target_next(walk_t const *walk, size_t *position, route_target_t *target) {
  if (*position == walk->found.len) return false;
  char const *s = walk->found.s + *position;
  target->channel = route_letter_channel(*s);
  target->argument = s + 1;
  target->address = behind(target->argument);
  target->user = behind(target->address);
  target->quota = behind(target->user);
  *position = (size_t)(behind(target->quota) - walk->found.s);
  return true;
}

static bool was_found(walk_t const *walk, route_target_t const *wanted) {
  route_target_t target;
  for (size_t position = 0; target_next(walk, &position, &target);)
    if (target.channel == wanted->channel && !strcmp(target.argument, wanted->argument) &&
        (!route_kinds[wanted->channel].per_address || !strcmp(target.address, wanted->address)))
      return true;
  return false;
}

static bool text_add(stralloc *text, char const *s) {
  return stralloc_catb(text, s, strlen(s) + 1);
}

static int target_add(walk_t *walk, route_target_t const *target) {
  stralloc *found = &walk->found;
  if (was_found(walk, target)) return 0;
  if (walk->targets++ == ROUTE_TARGETS_MAX) return broken(E2BIG);
  if (!stralloc_catb(found, &route_kinds[target->channel].letter, 1)) return -1;
  return text_add(found, target->argument) && text_add(found, target->address) &&
                 text_add(found, target->user) && text_add(found, target->quota)
             ? 0
             : -1;
}

/* Other hosts may tell upper from lower case in a local part (RFC 5321, 2.4). */
static int remote_add(walk_t *walk, size_t at, route_address_t const *address,
                      char const *destination) {
  route_address_t named = *address;
  if (!at) memcpy(named.key + 1, walk->given, named.at);
  return target_add(
      walk, &(route_target_t){ROUTE_REMOTE, destination, route_address_text(&named), "", ""});
}

static int take_target(walk_t *walk, size_t at, route_address_t const *address,
                       route_match_t const *match, route_item_t *item) {
  route_space_t space;
  route_channel_t channel = route_letter_channel(item->letter);
  if (route_item_fill(item, &space, address, match) < 0) return -1;
  if (channel == ROUTE_REMOTE) return remote_add(walk, at, address, item->text);
  return target_add(walk, &(route_target_t){channel, item->text, route_address_text(address),
                                            item->user, item->quota});
}

/* ---- the walk ---- */

static int take_items(walk_t *walk, size_t from, route_address_t const *address,
                      route_match_t const *match) {
  route_item_t item;
  for (size_t position = 0; route_item_next(&match->rule, &position, &item);) {
    if (item.letter == ROUTE_ITEM_SEPARATORS) continue;
    int result = item.letter == ROUTE_ITEM_ALIAS ? follow_alias(walk, from, item.text)
                                                 : take_target(walk, from, address, match, &item);
    if (result < 0) return -1;
  }
  return 0;
}

/* A domain that no rule is about. */
static route_status_t take_foreign(walk_t *walk, size_t at, route_address_t const *address) {
  char const *domain = route_address_text(address) + address->at + 1;
  if (!route_address_foreign(address)) return ROUTE_NO_DOMAIN;
  return remote_add(walk, at, address, domain) < 0 ? ROUTE_BROKEN : ROUTE_FOUND;
}

static route_status_t take_visit(walk_t *walk, size_t at) {
  route_address_t address;
  route_match_t match;
  route_address_set(&address, walk->visit[at].address, walk->visit[at].len);
  if (walk->watch) walk->watch(walk->data, &address, !at);
  route_status_t status = route_match(walk->table, &address, &match);
  if (status == ROUTE_NO_DOMAIN && !at) {
    int found = route_match_default(walk->table, &address, &match);
    if (!found) return take_foreign(walk, at, &address);
    status = found < 0 ? ROUTE_BROKEN : ROUTE_FOUND;
  }
  if (status == ROUTE_FOUND)
    return take_items(walk, at, &address, &match) < 0 ? ROUTE_BROKEN : status;
  if (status == ROUTE_BROKEN || !at) return status;
  errno = ENOENT;
  return ROUTE_BROKEN;
}

static route_status_t take_visits(walk_t *walk) {
  for (size_t i = 0; i < walk->visits; i++) {
    route_status_t status = take_visit(walk, i);
    if (status != ROUTE_FOUND) return status;
  }
  if (walk->targets) return ROUTE_FOUND;
  errno = EPROTO;
  return ROUTE_BROKEN;
}

static route_status_t take_address(walk_t *walk, route_address_t const *address,
                                   route_target_f *each) {
  route_target_t target;
  walk->targets = 0;
  walk->found = stralloc_zero;
  walk->visits = 1;
  walk->visit[0] = (visit_t){route_address_text(address), address->len, 0, 0};
  route_status_t status = take_visits(walk);
  if (status == ROUTE_FOUND)
    for (size_t position = 0; target_next(walk, &position, &target);) each(walk->data, &target);
  int error = errno;
  stralloc_free(&walk->found);
  errno = error;
  return status;
}

route_status_t route_resolve_watched(route_table_t const *table, char const *address, size_t len,
                                     route_target_f *each, route_watch_f *watch, void *data) {
  walk_t walk;
  route_address_t first;
  walk.table = table;
  walk.watch = watch;
  walk.data = data;
  walk.given = address;
  route_address_set(&first, address, len);
  return take_address(&walk, &first, each);
}

route_status_t route_resolve(route_table_t const *table, char const *address, size_t len,
                             route_target_f *each, void *data) {
  return route_resolve_watched(table, address, len, each, NULL, data);
}

/* ---- one target's terms ---- */

int route_terms_find(route_table_t const *table, route_target_t const *target,
                     route_terms_t *terms) {
  route_address_t address;
  route_match_t match;
  route_item_t item;
  route_space_t space;
  route_address_set(&address, target->address, strlen(target->address));
  route_status_t status = route_match(table, &address, &match);
  if (status != ROUTE_FOUND) return status == ROUTE_BROKEN ? -1 : 0;
  for (size_t position = 0; route_item_next(&match.rule, &position, &item);) {
    if (item.letter != route_kinds[target->channel].letter) continue;
    if (route_item_fill(&item, &space, &address, &match) < 0) return -1;
    if (strcmp(item.text, target->argument) != 0) continue;
    stpcpy(terms->user, item.user);
    stpcpy(terms->quota, item.quota);
    return 1;
  }
  return 0;
}
