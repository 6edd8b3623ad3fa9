#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "route/internal.h"

/* One line: words of ours, an address or two, an argument. */
#define LINE_MAX_SAID (2 * ROUTE_TARGET_MAX + 3 * SMTP_ADDRESS_MAX + 256)

static struct problem {
  int error;
  char const *text;
} const problems[] = {{ELOOP, "aliases go in a circle, or too many follow each other"},
                      {ENOENT, "an alias leads to nobody"},
                      {E2BIG, "too many targets"},
                      {ENAMETOOLONG, "a folder's name becomes too long"},
                      {EPROTO, "the compiled table is damaged"}};

char const *route_problem(int error) {
  for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
    if (problems[i].error == error) return problems[i].text;
  return strerror(error);
}

typedef struct telling {
  route_table_t const *table;
  route_say_f *say;
  void *data;
} telling_t;

/* Says a line; what a terminal might obey is replaced. */
static void __attribute__((format(printf, 2, 3)))
tell(telling_t const *telling, char const *format, ...) {
  char line[LINE_MAX_SAID];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  for (char *s = line; *s; s++)
    if ((unsigned char)*s < ' ' || *s == 0x7f) *s = '?';
  telling->say(telling->data, line);
}

/* ---- the rule that was found ---- */

static void tell_user(telling_t const *telling, route_address_t const *address,
                      route_match_t const *match) {
  char const *text = route_address_text(address);
  int user_len = (int)match->user_len;
  if (match->user_len == address->at) {
    tell(telling, "%s: has a rule (line %zu)", text, match->rule.line);
    return;
  }
  bool any = match->letter == ROUTE_KEY_EXTENSION;
  int extension_len = (int)(address->at - match->user_len - 1);
  tell(telling, "%s: %.*s%s%s has a rule (line %zu), the extension is %.*s", text, user_len + any,
       text, any ? "*" : "", text + address->at, match->rule.line, extension_len,
       text + user_len + 1);
}

static void tell_rule(telling_t const *telling, route_address_t const *address,
                      route_match_t const *match) {
  char const *text = route_address_text(address), *domain = text + address->at;
  size_t line = match->rule.line;
  char const *other = route_rule_text(&match->rule, ROUTE_ITEM_DOMAIN);
  switch (match->letter) {
  case ROUTE_KEY_NAME:
    tell(telling, "%s: the name has a rule for every domain (line %zu)", text, line);
    break;
  case ROUTE_KEY_DOMAIN:
    if (other)
      tell(telling, "%s: %s is the same as %.*s (line %zu)", text, domain + 1, SMTP_DOMAIN_MAX,
           other, line);
    else
      tell(telling, "%s: goes by the catch-all %s (line %zu)", text, domain, line);
    break;
  case ROUTE_KEY_DEFAULT:
    tell(telling, "%s: not ours, goes by the rule for all other domains (line %zu)", text, line);
    break;
  default: tell_user(telling, address, match);
  }
}

static void tell_nothing(telling_t const *telling, route_address_t const *address,
                         route_status_t status) {
  char const *text = route_address_text(address), *domain = text + address->at;
  if (status == ROUTE_NO_DOMAIN)
    tell(telling, "%s: %s is not a domain of ours", text, domain + 1);
  else if (status == ROUTE_NO_USER)
    tell(telling, "%s: nobody here has that name", text);
}

/* ---- its items ---- */

#define TERMS_FORMAT "%s%s%s%s"
#define TERMS_ARGS(terms)                                                                          \
  *(terms)->user ? " user=" : "", (terms)->user, *(terms)->quota ? " quota=" : "", (terms)->quota

static void tell_argument(telling_t const *telling, route_address_t const *address,
                          route_match_t const *match, route_item_t *item) {
  route_space_t space;
  route_channel_t channel = route_letter_channel(item->letter);
  if (channel == ROUTE_CHANNELS)
    tell(telling, "  unknown %s", item->text);
  else if (route_item_fill(item, &space, address, match) < 0)
    tell(telling, "  %s %s", route_kinds[channel].word, route_problem(errno));
  else
    tell(telling, "  %s %s" TERMS_FORMAT, route_kinds[channel].word, item->text, TERMS_ARGS(item));
}

static void tell_items(telling_t const *telling, route_address_t const *address,
                       route_match_t const *match) {
  route_item_t item;
  for (size_t position = 0; route_item_next(&match->rule, &position, &item);)
    if (item.letter == ROUTE_ITEM_ALIAS)
      tell(telling, "  alias %s", item.text);
    else if (item.letter != ROUTE_ITEM_SEPARATORS)
      tell_argument(telling, address, match, &item);
}

/* ---- the way ---- */

/* Tells one step; true if it led to another domain. */
static bool tell_step(telling_t const *telling, route_address_t *address, bool first) {
  route_match_t match;
  route_status_t status = route_match_step(telling->table, address, &match);
  if (status == ROUTE_NO_DOMAIN && first &&
      route_match_default(telling->table, address, &match) > 0)
    status = ROUTE_FOUND;
  if (status != ROUTE_FOUND) {
    tell_nothing(telling, address, status);
    return false;
  }
  tell_rule(telling, address, &match);
  char const *domain = route_rule_text(&match.rule, ROUTE_ITEM_DOMAIN);
  if (domain) return route_address_move(address, domain) == 0;
  tell_items(telling, address, &match);
  return false;
}

static void tell_way(void *data, route_address_t const *visited, bool first) {
  route_address_t address = *visited;
  for (int hops = 0; hops <= ROUTE_DEPTH_MAX; hops++)
    if (!tell_step(data, &address, first && !hops)) break;
}

static void tell_target(void *data, route_target_t const *target) {
  tell(data, "goes to %s %s (%s)" TERMS_FORMAT, route_kinds[target->channel].word, target->argument,
       target->address, TERMS_ARGS(target));
}

route_status_t route_explain(route_table_t const *table, char const *address, size_t len,
                             route_say_f *say, void *data) {
  telling_t telling = {table, say, data};
  route_status_t status =
      route_resolve_watched(table, address, len, tell_target, tell_way, &telling);
  if (status == ROUTE_BROKEN) tell(&telling, "goes nowhere: %s", route_problem(errno));
  return status;
}
