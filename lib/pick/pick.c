#include "pick/pick.h"

#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "text/text.h"

/* ---- patterns ---- */

/* After a mismatch the last star takes one byte more; those before it need not be tried again. */
bool pick_glob(char const *pattern, char const *s, size_t len) {
  char const *star = NULL, *end = s + len, *resume = s;
  while (s < end) {
    if (*pattern == '*') {
      star = ++pattern;
      resume = s;
    } else if (*pattern && to_lower(*pattern) == to_lower(*s)) {
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

/* True if the condition's pattern fits what part says of a recipient who has something left. */
static bool any_recipient(pick_condition_t const *condition, view_t const *view,
                          char const *(*part)(char const *recipient)) {
  pick_entry_t const *entry = view->entry;
  size_t position = 0, record = 0, index = 0;
  char const *recipient;
  while ((recipient = queue_envelope_next(&entry->entry.envelope, &position))) {
    char const *s = part(recipient);
    if (pick_is_left(&entry->state, index++, &record) && pick_glob(condition->text, s, strlen(s)))
      return true;
  }
  return false;
}

static char const *whole_of(char const *recipient) {
  return recipient;
}

static char const *domain_of(char const *recipient) {
  char const *at = strrchr(recipient, '@');
  return at ? at + 1 : "";
}

static bool recipient_is(pick_condition_t const *condition, view_t const *view) {
  return any_recipient(condition, view, whole_of);
}

static bool domain_is(pick_condition_t const *condition, view_t const *view) {
  return any_recipient(condition, view, domain_of);
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

/* ---- adding: 0, or -1 if the text means nothing ---- */

typedef int take_f(pick_condition_t *condition);

static int take_pattern(pick_condition_t *condition) {
  return *condition->text ? 0 : -1;
}

static int take_age(pick_condition_t *condition) {
  static char const letters[] = "smhdw";
  static unsigned const units[] = {1, 60, 3600, 86400, 604800};
  char const *s = condition->text;
  size_t const len = uint64_scan(s, &condition->seconds);
  char const *letter = s[len] ? strchr(letters, s[len]) : letters;
  if (!len || !letter || (s[len] && s[len + 1])) return -1;
  if (condition->seconds > UINT32_MAX) return -1;
  condition->seconds *= units[letter - letters];
  return 0;
}

static int take_state(pick_condition_t *condition) {
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (!strcmp(states[i], condition->text)) return 0;
  return -1;
}

static struct kind {
  char letter;
  take_f *take;
  holds_f *holds;
} const kinds[] = {
    {'s', take_pattern, sender_is}, {'r', take_pattern, recipient_is},
    {'d', take_pattern, domain_is}, {'o', take_age, is_older},
    {'y', take_age, is_younger},    {'S', take_state, state_is},
};
#define KINDS (sizeof kinds / sizeof *kinds)

int pick_add(pick_t *pick, char kind, char const *text) {
  if (pick->count == PICK_MAX) return errno = E2BIG, -1;
  pick_condition_t *condition = &pick->conditions[pick->count];
  *condition = (pick_condition_t){.kind = kind, .text = text};
  for (size_t i = 0; i < KINDS; i++)
    if (kinds[i].letter == kind && kinds[i].take(condition) == 0) return pick->count++, 0;
  return errno = EINVAL, -1;
}

/* ---- matching ---- */

/* True if one of this kind holds, or if there is none. */
static bool kind_holds(pick_t const *pick, struct kind const *kind, view_t const *view) {
  bool none = true;
  for (size_t i = 0; i < pick->count; i++) {
    if (pick->conditions[i].kind != kind->letter) continue;
    if (kind->holds(&pick->conditions[i], view)) return true;
    none = false;
  }
  return none;
}

bool pick_matches(pick_t const *pick, pick_entry_t const *entry, uint64_t now) {
  uint64_t const born = chain_id_time(entry->entry.id) / 1000000;
  view_t const view = {.entry = entry, .age = now > born ? now - born : 0};
  for (struct kind const *kind = kinds; kind < kinds + KINDS; kind++)
    if (!kind_holds(pick, kind, &view)) return false;
  return true;
}
