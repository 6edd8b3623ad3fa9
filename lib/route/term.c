#include <stdio.h>
#include <string.h>

#include "maildir/maildir.h"
#include "route/draft.h"

/* ---- what stands for parts of the address ---- */

static struct letter {
  char letter;
  char const *patterns;
  char const *needs;
} const letters[] = {
    {'u', "=+@~", ""},
    {'l', "=+@~", ""},
    {'%', "=+@~", ""},
    {'d', "=+@", "a pattern with a domain; everyone at a domain is @domain"},
    {'e', "+", "a pattern like user+*@domain, which always has an extension"},
};

static bool letter_check(draft_t *draft, char c) {
  for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
    if (letters[i].letter != c) continue;
    if (strchr(letters[i].patterns, *draft_key(draft))) return true;
    draft_error(draft, draft->line, "%%%c needs %s", c, letters[i].needs);
    return false;
  }
  draft_error(draft, draft->line, "%%%c stands for nothing; a percent sign is %%%%", c ? c : ' ');
  return false;
}

bool draft_letters_valid(draft_t *draft, char const *text) {
  for (char const *s = text; *s; s++)
    if (*s == '%' && !letter_check(draft, *++s)) return false;
  return true;
}

/* ---- terms: what a rule says of a target besides where it is ---- */

/* A name with letters is that of whoever has the address. */
static bool take_user(draft_t *draft, char const *value, stralloc *text) {
  size_t len = strlen(value);
  if (!draft_letters_valid(draft, value)) return false;
  if (!len || len >= ROUTE_NAME_SIZE || strpbrk(value, ":/ ")) {
    draft_error(draft, draft->line, "%s is not a user's name", value);
    return false;
  }
  if (strchr(value, '%'))
    draft->open_accounts = true;
  else
    draft_refer(draft, REFERENCE_USER, draft_add(draft, value, len));
  if (!stralloc_cats(text, value)) draft->failed = true;
  return !draft->failed;
}

static bool take_quota(draft_t *draft, char const *value, stralloc *text) {
  char canonical[ROUTE_QUOTA_SIZE];
  maildir_usage_t quota;
  if (maildir_quota_read(&quota, value) < 0) {
    draft_error(draft, draft->line, "%s is not a quota, as 500M, 1G,10000C or none are", value);
    return false;
  }
  snprintf(canonical, sizeof canonical, "%juS,%juC", (uintmax_t)quota.bytes,
           (uintmax_t)quota.messages);
  if (!stralloc_cats(text, canonical)) draft->failed = true;
  return !draft->failed;
}

typedef struct term {
  char const *word;
  char letter;
  bool (*take)(draft_t *draft, char const *value, stralloc *text); /* false: error reported */
} term_t;

static term_t const terms[] = {
    {"user=", ROUTE_ITEM_USER, take_user},
    {"quota=", ROUTE_ITEM_QUOTA, take_quota},
};

static term_t const *term_find(word_t const *word) {
  for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
    size_t len = strlen(terms[i].word);
    if (word->len >= len && !memcmp(word->s, terms[i].word, len)) return terms + i;
  }
  return NULL;
}

bool draft_is_term(word_t const *word) {
  return term_find(word);
}

/* Appends an item to the rule at hand: letter, text, NUL. */
static bool term_add(draft_t *draft, term_t const *term, word_t const *word) {
  char value[ROUTE_LINE_MAX + 1];
  size_t start = draft->items.len, word_len = strlen(term->word);
  value[word_unquote(value, &(word_t){word->s + word_len, word->len - word_len})] = 0;
  if (stralloc_catb(&draft->items, &term->letter, 1)) {
    if (!term->take(draft, value, &draft->items)) return false;
    if (stralloc_0(&draft->items)) {
      draft_rule(draft)->items.len += draft->items.len - start;
      return true;
    }
  }
  draft->failed = true;
  return false;
}

/* Each once, each where it belongs. taken: letters of those that were there before. */
static bool term_fits(draft_t *draft, term_t const *term, char const *action, char const *allowed,
                      char const *taken, word_t const *word) {
  if (!term)
    draft_error(draft, draft->line, WORD_FORMAT " does not belong behind %s's argument",
                WORD_ARGS(word), action);
  else if (!strchr(allowed, term->letter))
    draft_error(draft, draft->line, "%s does not go with %s", term->word, action);
  else if (strchr(taken, term->letter))
    draft_error(draft, draft->line, "%s twice", term->word);
  else
    return true;
  return false;
}

void draft_terms(draft_t *draft, char const *action, char const *allowed, word_t const *words,
                 size_t count) {
  char taken[sizeof terms / sizeof *terms + 1] = "";
  for (size_t i = 0; i < count; i++) {
    term_t const *term = term_find(words + i);
    if (!term_fits(draft, term, action, allowed, taken, words + i)) return;
    if (!term_add(draft, term, words + i)) return;
    taken[strlen(taken)] = term->letter;
  }
}
