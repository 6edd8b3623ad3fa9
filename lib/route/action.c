#include <string.h>

#include <skalibs/types.h>

#include "route/draft.h"

typedef struct action {
  char const *word;
  char const *patterns; /* letters of the keys that may have it */
  char const *needs;    /* what stands behind it */
  bool many;            /* one or more of that */
  bool alone;           /* in its rule */
  char const *terms;    /* letters of the terms that it may have */
  bool (*take)(draft_t *draft, word_t const *word, stralloc *text); /* false: error reported */
} action_t;

/* ---- words into texts ---- */

static bool text_add(draft_t *draft, stralloc *text, char const *s, size_t len) {
  if (stralloc_catb(text, s, len)) return true;
  draft->failed = true;
  return false;
}

size_t word_unquote(char *out, word_t const *word) {
  bool quoted = false;
  size_t len = 0;
  for (size_t i = 0; i < word->len; i++) {
    if (word->s[i] == '"') {
      quoted = !quoted;
      continue;
    }
    if (quoted && word->s[i] == '\\') i++;
    out[len++] = word->s[i];
  }
  return len;
}

/* Appends the components of a path, a slash before each. */
static bool components_add(draft_t *draft, stralloc *text, char const *s, size_t len) {
  while (len) {
    char const *slash = memchr(s, '/', len);
    size_t component = slash ? (size_t)(slash - s) : len;
    if (component <= 2 && component && !memcmp(s, "..", component)) {
      draft_error(draft, draft->line, "a path with . or .. in it");
      return false;
    }
    if (component && (!text_add(draft, text, "/", 1) || !text_add(draft, text, s, component)))
      return false;
    s += slash ? component + 1 : component;
    len -= slash ? component + 1 : component;
  }
  return true;
}

/* ---- Maildir templates ---- */

/* Fills the path in for the local part that makes it longest: of RFC 5321's size, each byte %XX. */
static bool length_check(draft_t *draft, char const *template) {
  char path[ROUTE_TARGET_MAX], longest[SMTP_LOCAL_MAX];
  char const *domain = strrchr(draft_key(draft), '@');
  domain = domain ? domain + 1 : "";
  route_parts_t parts = {.local = longest,
                         .local_len = sizeof longest,
                         .domain = domain,
                         .domain_len = strlen(domain),
                         .user_len = sizeof longest,
                         .extension = longest,
                         .extension_len = sizeof longest};
  memset(longest, '%', sizeof longest);
  if (!route_template_fill(path, template, &parts)) return true;
  draft_error(draft, draft->line,
              "this path, or a part of it, becomes too long for some local parts");
  return false;
}

static bool take_maildir(draft_t *draft, word_t const *word, stralloc *text) {
  char path[ROUTE_LINE_MAX];
  size_t len = word_unquote(path, word), start = text->len;
  bool absolute = len && *path == '/';
  if (!absolute && !draft->has_base) {
    draft_error(draft, draft->line,
                WORD_FORMAT " is not an absolute path, and no base is set above", WORD_ARGS(word));
    return false;
  }
  if (!absolute && !text_add(draft, text, draft->bytes.s + draft->base.at, draft->base.len))
    return false;
  if (!components_add(draft, text, path, len)) return false;
  if (text->len == start + (absolute ? 0 : draft->base.len)) {
    draft_error(draft, draft->line, "a path without a folder");
    return false;
  }
  if (!stralloc_0(text)) draft->failed = true;
  if (draft->failed) return false;
  text->len--;
  return draft_letters_valid(draft, text->s + start) && length_check(draft, text->s + start);
}

/* A base is no template: its percent signs are themselves. */
static bool base_add(draft_t *draft, stralloc *text, char const *path, size_t len) {
  char doubled[2 * ROUTE_LINE_MAX];
  size_t doubled_len = 0;
  for (size_t i = 0; i < len; i++) {
    if (path[i] == '%') doubled[doubled_len++] = '%';
    doubled[doubled_len++] = path[i];
  }
  return components_add(draft, text, doubled, doubled_len);
}

void draft_base(draft_t *draft, word_t const *words, size_t count) {
  char path[ROUTE_LINE_MAX];
  stralloc text = STRALLOC_ZERO;
  size_t len = count ? word_unquote(path, words) : 0;
  if (count != 1 || !len || *path != '/') {
    draft_error(draft, draft->line, "base needs one absolute path");
  } else if (base_add(draft, &text, path, len)) {
    draft->base = draft_add(draft, text.s, text.len);
    draft->has_base = true;
  }
  stralloc_free(&text);
}

/* ---- the other arguments ---- */

/* As it is written: other hosts may tell upper from lower case. */
static bool take_address(draft_t *draft, word_t const *word, stralloc *text) {
  smtp_path_t path;
  return draft_path(draft, word, &path) && text_add(draft, text, path.address, path.len);
}

static bool take_alias(draft_t *draft, word_t const *word, stralloc *text) {
  route_address_t address;
  bool good = memchr(word->s, '@', word->len) ? draft_address(draft, word, &address)
                                              : draft_name(draft, word, &address);
  if (!good) return false;
  draft_refer(draft, REFERENCE_ALIAS, draft_add(draft, route_address_text(&address), address.len));
  return text_add(draft, text, route_address_text(&address), address.len);
}

static bool take_domain(draft_t *draft, word_t const *word, stralloc *text) {
  route_address_t address;
  if (!draft_domain(draft, word, &address)) return false;
  draft_refer(draft, REFERENCE_DOMAIN, draft_add(draft, route_address_text(&address), address.len));
  return text_add(draft, text, route_address_text(&address) + 1, address.len - 1);
}

static bool take_command(draft_t *draft, word_t const *word, stralloc *text) {
  char command[ROUTE_LINE_MAX];
  size_t len = word_unquote(command, word);
  if (len) return text_add(draft, text, command, len);
  draft_error(draft, draft->line, "an empty command");
  return false;
}

static bool host_valid(char const *s, size_t len) {
  return smtp_domain_valid(s, len, SMTP_UTF8) || smtp_literal_valid(s, len);
}

static bool port_valid(char const *s, size_t len) {
  char digits[6] = "";
  uint16_t port;
  if (!len || len >= sizeof digits) return false;
  memcpy(digits, s, len);
  return uint160_scan(digits, &port) && port;
}

static bool server_valid(char const *s, size_t len) {
  static char const unix_prefix[] = "unix:/";
  size_t prefix_len = sizeof unix_prefix - 1;
  if (len > prefix_len && !memcmp(s, unix_prefix, prefix_len)) return true;
  if (host_valid(s, len)) return true;
  char const *colon = memrchr(s, ':', len);
  if (!colon) return false;
  size_t host_len = (size_t)(colon - s);
  return host_valid(s, host_len) && port_valid(colon + 1, len - host_len - 1);
}

static bool take_server(draft_t *draft, word_t const *word, stralloc *text) {
  if (server_valid(word->s, word->len)) return text_add(draft, text, word->s, word->len);
  draft_error(draft, draft->line, WORD_FORMAT " is not a server: unix:/path, host or host:port",
              WORD_ARGS(word));
  return false;
}

/* With a port in any case: without one, a remote destination is a domain. */
static bool take_smarthost(draft_t *draft, word_t const *word, stralloc *text) {
  if (host_valid(word->s, word->len))
    return text_add(draft, text, word->s, word->len) && text_add(draft, text, ":25", 3);
  if (server_valid(word->s, word->len) && *word->s != 'u')
    return text_add(draft, text, word->s, word->len);
  draft_error(draft, draft->line, WORD_FORMAT " is not a mail host: host or host:port",
              WORD_ARGS(word));
  return false;
}

/* ---- actions ---- */

static action_t const actions[] = {
    {"maildir", "=+@~", "a folder", false, false, "uq", take_maildir},
    {"alias", "=+@~", "addresses", true, false, "", take_alias},
    {"domain", "@", "a domain", false, true, "", take_domain},
    {"forward", "=+@~", "addresses", true, false, "", take_address},
    {"pipe", "=+@~", "a command, in quotes if it has blanks", false, false, "u", take_command},
    {"lmtp", "=+@~", "a server", false, false, "", take_server},
    {"smarthost", "@*", "a server", false, true, "", take_smarthost},
};

static action_t const *action_find(draft_t *draft, word_t const *word) {
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (word_is(word, actions[i].word)) return actions + i;
  draft_error(draft, draft->line, WORD_FORMAT " is not an action", WORD_ARGS(word));
  return NULL;
}

static bool action_fits(draft_t *draft, action_t const *action, size_t arguments) {
  if (!strchr(action->patterns, *draft_key(draft))) {
    draft_error(draft, draft->line, "%s does not go with this pattern", action->word);
    return false;
  }
  if (!arguments || (arguments > 1 && !action->many)) {
    draft_error(draft, draft->line, "%s needs %s", action->word, action->needs);
    return false;
  }
  char const *alone = action->alone && draft->actions ? action->word : draft->alone;
  if (alone) draft_error(draft, draft->line, "%s stands alone in its rule", alone);
  return !alone;
}

/* Appends an item to the rule at hand: letter, text, NUL. */
static bool item_add(draft_t *draft, action_t const *action, word_t const *word) {
  size_t start = draft->items.len;
  if (stralloc_catb(&draft->items, action->word, 1)) {
    if (!action->take(draft, word, &draft->items)) return false;
    if (stralloc_0(&draft->items)) {
      draft_rule(draft)->items.len += draft->items.len - start;
      return true;
    }
  }
  draft->failed = true;
  return false;
}

/* Terms stand behind all that the action needs. */
static size_t count_arguments(action_t const *action, word_t const *words, size_t count) {
  size_t arguments = 0;
  while (arguments < count && (!arguments || !*action->terms || !draft_is_term(words + arguments)))
    arguments++;
  return arguments;
}

void draft_action(draft_t *draft, word_t const *words, size_t count) {
  action_t const *action = NULL;
  if (!count)
    draft_error(draft, draft->line, "a pattern without an action");
  else
    action = action_find(draft, words);
  if (!action) return;
  size_t arguments = count_arguments(action, ++words, --count);
  if (!action_fits(draft, action, arguments)) return;
  for (size_t i = 0; i < arguments; i++)
    if (!item_add(draft, action, words + i)) return;
  draft_terms(draft, action->word, action->terms, words + arguments, count - arguments);
  draft->actions++;
  if (action->alone) draft->alone = action->word;
}
