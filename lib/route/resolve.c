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
  void *watcher;
  size_t visits;
  size_t targets;
  stralloc found;    /* targets: a channel's letter, the argument, NUL, the address, NUL */
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

/* Steps through the targets that were found. */
static bool target_next(walk_t const *walk, size_t *position, route_target_t *target) {
  if (*position == walk->found.len) return false;
  char const *s = walk->found.s + *position;
  target->channel = route_letter_channel(*s);
  target->argument = s + 1;
  target->address = target->argument + strlen(target->argument) + 1;
  *position = (size_t)(target->address + strlen(target->address) + 1 - walk->found.s);
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

static int target_add(walk_t *walk, route_target_t const *target) {
  size_t argument_size = strlen(target->argument) + 1, address_size = strlen(target->address) + 1;
  if (was_found(walk, target)) return 0;
  if (walk->targets++ == ROUTE_TARGETS_MAX) return broken(E2BIG);
  if (!stralloc_readyplus(&walk->found, 1 + argument_size + address_size)) return -1;
  stralloc_catb(&walk->found, &route_kinds[target->channel].letter, 1);
  stralloc_catb(&walk->found, target->argument, argument_size);
  stralloc_catb(&walk->found, target->address, address_size);
  return 0;
}

/* Other hosts may tell upper from lower case in a local part (RFC 5321, 2.4). */
static int remote_add(walk_t *walk, size_t at, route_address_t const *address,
                      char const *destination) {
  route_address_t named = *address;
  if (!at) memcpy(named.key + 1, walk->given, named.at);
  return target_add(walk, &(route_target_t){ROUTE_REMOTE, destination, route_address_text(&named)});
}

static int take_target(walk_t *walk, size_t at, route_address_t const *address,
                       route_match_t const *match, route_item_t const *item) {
  char path[ROUTE_TARGET_MAX];
  route_parts_t parts;
  route_target_t target = {.channel = route_letter_channel(item->letter),
                           .argument = item->text,
                           .address = route_address_text(address)};
  if (target.channel == ROUTE_CHANNELS || strlen(item->text) >= ROUTE_TARGET_MAX)
    return broken(EPROTO);
  if (target.channel == ROUTE_REMOTE) return remote_add(walk, at, address, item->text);
  if (target.channel == ROUTE_MAILDIR) {
    route_parts_set(&parts, address, match);
    if (route_template_fill(path, item->text, &parts) < 0) return -1;
    target.argument = path;
  }
  return target_add(walk, &target);
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
  if (walk->watch) walk->watch(walk->watcher, &address, !at);
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
                                   route_target_f *each, void *data) {
  route_target_t target;
  walk->targets = 0;
  walk->found = stralloc_zero;
  walk->visits = 1;
  walk->visit[0] = (visit_t){route_address_text(address), address->len, 0, 0};
  route_status_t status = take_visits(walk);
  if (status == ROUTE_FOUND)
    for (size_t position = 0; target_next(walk, &position, &target);) each(data, &target);
  int error = errno;
  stralloc_free(&walk->found);
  errno = error;
  return status;
}

route_status_t route_resolve_watched(route_table_t const *table, char const *address, size_t len,
                                     route_target_f *each, void *data, route_watch_f *watch,
                                     void *watcher) {
  walk_t walk;
  route_address_t first;
  walk.table = table;
  walk.watch = watch;
  walk.watcher = watcher;
  walk.given = address;
  route_address_set(&first, address, len);
  return take_address(&walk, &first, each, data);
}

route_status_t route_resolve(route_table_t const *table, char const *address, size_t len,
                             route_target_f *each, void *data) {
  return route_resolve_watched(table, address, len, each, data, NULL, NULL);
}
