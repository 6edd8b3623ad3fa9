#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "route/internal.h"
#include "table/table.h"

route_kind_t const route_kinds[ROUTE_CHANNELS] = {
    [ROUTE_MAILDIR] = {"maildir", 'm', "deliver-maildir", false},
    [ROUTE_LMTP] = {"lmtp", 'l', "deliver-lmtp", true},
    [ROUTE_PIPE] = {"pipe", 'p', "deliver-pipe", true},
    [ROUTE_FORWARD] = {"forward", 'f', "deliver-forward", false},
    [ROUTE_REMOTE] = {"remote", 's', "deliver-smtp", true},
};

/* Both the value and its last item end in a NUL, so that no string in it runs on. */
static int rule_parse(route_rule_t *rule, char const *s, size_t len) {
  if (len && !s[len - 1]) {
    size_t digits = size_scan(s, &rule->line);
    if (digits && !s[digits]) {
      rule->items = s + digits + 1;
      rule->len = len - digits - 1;
      return 1;
    }
  }
  errno = EPROTO;
  return -1;
}

int route_rule_find(route_table_t const *table, char const *key, size_t len, route_rule_t *rule) {
  cdb_data value;
  int found = table->open ? table_find(&table->map, &value, key, len) : 0;
  return found > 0 ? rule_parse(rule, value.s, value.len) : found;
}

/* The item at position, "" behind the last; moves position behind it. */
static char const *item_at(route_rule_t const *rule, size_t *position) {
  if (*position == rule->len) return "";
  char const *s = rule->items + *position;
  *position += strlen(s) + 1;
  return s;
}

static void terms_next(route_rule_t const *rule, size_t *position, route_item_t *item) {
  for (size_t next = *position;; *position = next) {
    char const *s = item_at(rule, &next);
    if (*s == ROUTE_ITEM_USER)
      item->user = s + 1;
    else if (*s == ROUTE_ITEM_QUOTA)
      item->quota = s + 1;
    else
      return;
  }
}

bool route_item_next(route_rule_t const *rule, size_t *position, route_item_t *item) {
  if (*position == rule->len) return false;
  char const *s = item_at(rule, position);
  *item = (route_item_t){*s, *s ? s + 1 : s, "", ""};
  terms_next(rule, position, item);
  return true;
}

char const *route_rule_text(route_rule_t const *rule, char letter) {
  route_item_t item;
  for (size_t position = 0; route_item_next(rule, &position, &item);)
    if (item.letter == letter) return item.text;
  return NULL;
}

route_channel_t route_letter_channel(char letter) {
  route_channel_t channel = 0;
  while (channel < ROUTE_CHANNELS && route_kinds[channel].letter != letter) channel++;
  return channel;
}
