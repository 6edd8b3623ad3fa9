#include "pick/pick.h"

#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

/* ---- patterns ---- */

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* After a mismatch the last star takes one byte more; those before it need not be tried again. */
bool pick_glob(char const *pattern, char const *s, size_t len) {
  char const *star = 0, *end = s + len, *resume = s;
  while (s < end) {
    if (*pattern == '*') {
      star = ++pattern;
      resume = s;
    } else if (*pattern && lower(*pattern) == lower(*s)) {
      pattern++;
      s++;
    } else if (star) {
      pattern = star;
      s = ++resume;
    } else {
      return false;
    }
  }
  while (*pattern == '*') pattern++;
  return !*pattern;
}

/* ---- conditions ---- */

typedef struct view {
  pick_entry_t const *entry;
  uint64_t age; /* seconds */
} view_t;

typedef bool holds_f(pick_condition_t const *condition, view_t const *view);

static bool sender_is(pick_condition_t const *condition, view_t const *view) {
  char const *sender = view->entry->entry.envelope.sender;
  if (!strcmp(condition->text, "<>")) return !*sender;
  return pick_glob(condition->text, sender, strlen(sender));
}

static bool recipient_fits(pick_condition_t const *condition, char const *recipient) {
  char const *at = strrchr(recipient, '@');
  if (condition->kind == 'd') recipient = at ? at + 1 : "";
  return pick_glob(condition->text, recipient, strlen(recipient));
}

static bool recipient_is(pick_condition_t const *condition, view_t const *view) {
  pick_entry_t const *entry = view->entry;
  size_t position = 0, record = 0, index = 0;
  for (char const *recipient; (recipient = queue_envelope_next(&entry->entry.envelope, &position));
       index++)
    if (pick_is_left(&entry->state, index, &record) && recipient_fits(condition, recipient))
      return true;
  return false;
}

static bool is_older(pick_condition_t const *condition, view_t const *view) {
  return view->age > condition->seconds;
}

static bool is_younger(pick_condition_t const *condition, view_t const *view) {
  return view->age < condition->seconds;
}

static char const *const states[] = {"held", "new", "deferred"};

char const *pick_state_word(pick_entry_t const *entry) {
  return states[entry->held ? 0 : entry->state.attempts ? 2 : 1];
}

static bool state_is(pick_condition_t const *condition, view_t const *view) {
  return !strcmp(condition->text, pick_state_word(view->entry));
}

static struct {
  char kind;
  holds_f *holds;
} const kinds[] = {{'s', sender_is}, {'r', recipient_is}, {'d', recipient_is},
                   {'o', is_older},  {'y', is_younger},   {'S', state_is}};
#define KINDS (sizeof kinds / sizeof *kinds)

/* ---- adding ---- */

static int parse_age(uint64_t *seconds, char const *s) {
  static char const letters[] = "smhdw";
  static unsigned const units[] = {1, 60, 3600, 86400, 604800};
  size_t const len = uint64_scan(s, seconds);
  char const *letter = s[len] ? strchr(letters, s[len]) : letters;
  if (!len || !letter || (s[len] && s[len + 1])) return -1;
  unsigned const unit = units[letter - letters];
  if (*seconds > UINT32_MAX) return -1;
  *seconds *= unit;
  return 0;
}

static bool is_state(char const *s) {
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (!strcmp(states[i], s)) return true;
  return false;
}

int pick_add(pick_t *pick, char kind, char const *text) {
  if (pick->count == PICK_MAX) return errno = E2BIG, -1;
  pick_condition_t *condition = &pick->conditions[pick->count];
  *condition = (pick_condition_t){.kind = kind, .text = text};
  errno = EINVAL;
  if (!strchr("srdoyS", kind) || !*text) return -1;
  if (strchr("oy", kind) && parse_age(&condition->seconds, text) < 0) return -1;
  if (kind == 'S' && !is_state(text)) return -1;
  pick->count++;
  return 0;
}

/* ---- matching ---- */

/* True if one of this kind holds, or if there is none. */
static bool kind_holds(pick_t const *pick, size_t kind, view_t const *view) {
  bool none = true;
  for (size_t i = 0; i < pick->count; i++) {
    if (pick->conditions[i].kind != kinds[kind].kind) continue;
    if (kinds[kind].holds(&pick->conditions[i], view)) return true;
    none = false;
  }
  return none;
}

bool pick_matches(pick_t const *pick, pick_entry_t const *entry, uint64_t now) {
  uint64_t const born = chain_id_time(entry->entry.id) / 1000000;
  view_t const view = {.entry = entry, .age = now > born ? now - born : 0};
  for (size_t kind = 0; kind < KINDS; kind++)
    if (!kind_holds(pick, kind, &view)) return false;
  return true;
}
