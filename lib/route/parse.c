#include <string.h>

#include "route/draft.h"
#include "text/text.h"

#define WORDS_MAX        (ROUTE_LINE_MAX / 2 + 1)
#define SEPARATORS_KNOWN "!#$%&'+-./=?^_`{|}~" /* what an atom has besides letters, and the dot */

bool word_is(word_t const *word, char const *s) {
  return word->len == strlen(s) && !memcmp(word->s, s, word->len);
}

/* ---- addresses ---- */

static char const *const path_problems[] = {[SMTP_PATH_SYNTAX] = "is not an address",
                                            [SMTP_PATH_TOO_LONG] = "is too long for an address",
                                            [SMTP_PATH_UTF8] = "is not an address",
                                            [SMTP_PATH_NO_DOMAIN] = "has no domain"};

bool draft_path(draft_t *draft, word_t const *word, smtp_path_t *path) {
  size_t taken = 0;
  smtp_path_status_t status =
      smtp_path_parse(path, word->s, word->len, SMTP_PATH_BARE | SMTP_PATH_UTF8_OK, &taken);
  if (status == SMTP_PATH_OK && (taken != word->len || *word->s == '<')) status = SMTP_PATH_SYNTAX;
  if (status != SMTP_PATH_OK) {
    draft_error(draft, draft->line, WORD_FORMAT " %s", WORD_ARGS(word), path_problems[status]);
    return false;
  }
  return true;
}

bool draft_address(draft_t *draft, word_t const *word, route_address_t *address) {
  smtp_path_t path;
  if (!draft_path(draft, word, &path)) return false;
  route_address_set(address, path.address, path.len);
  return true;
}

bool draft_name(draft_t *draft, word_t const *word, route_address_t *address) {
  smtp_path_t path;
  size_t taken;
  if (memchr(word->s, '.', word->len)) {
    draft_error(draft, draft->line, WORD_FORMAT " has no @; everyone at a domain is @domain",
                WORD_ARGS(word));
    return false;
  }
  smtp_path_status_t status =
      smtp_path_parse(&path, word->s, word->len, SMTP_PATH_BARE | SMTP_PATH_UTF8_OK, &taken);
  if (status != SMTP_PATH_NO_DOMAIN || path.local_len != word->len ||
      memchr(word->s, '*', word->len)) {
    draft_error(draft, draft->line, WORD_FORMAT " is neither an address nor a name",
                WORD_ARGS(word));
    return false;
  }
  route_address_set(address, word->s, word->len);
  return true;
}

bool draft_domain(draft_t *draft, word_t const *word, route_address_t *address) {
  if (word->len > SMTP_DOMAIN_MAX || (!smtp_domain_valid(word->s, word->len, SMTP_UTF8) &&
                                      !smtp_literal_valid(word->s, word->len))) {
    draft_error(draft, draft->line, WORD_FORMAT " is not a domain", WORD_ARGS(word));
    return false;
  }
  char text[1 + SMTP_DOMAIN_MAX] = "@";
  memcpy(text + 1, word->s, word->len);
  route_address_set(address, text, 1 + word->len);
  return true;
}

/* ---- patterns ---- */

static void mention(draft_t *draft, mention_kind_t kind, char const *domain, size_t len,
                    slice_t separators) {
  mention_t mention = {.line = draft->line,
                       .kind = kind,
                       .domain = draft_add(draft, domain, len),
                       .rule = genalloc_len(draft_rule_t, &draft->rules),
                       .separators = separators};
  if (!genalloc_append(mention_t, &draft->mentions, &mention)) draft->failed = true;
}

static bool rule_add(draft_t *draft, char const *key, size_t len) {
  draft_rule_t rule = {
      .line = draft->line, .key = draft_add(draft, key, len), .items = {draft->items.len, 0}};
  if (!genalloc_append(draft_rule_t, &draft->rules, &rule)) draft->failed = true;
  draft->actions = 0;
  draft->alone = NULL;
  return true;
}

static bool pattern_domain(draft_t *draft, word_t const *word) {
  route_address_t address;
  if (!draft_domain(draft, &(word_t){word->s + 1, word->len - 1}, &address)) return false;
  mention(draft, MENTION_RULE, route_address_text(&address), address.len, (slice_t){0, 0});
  return rule_add(draft, route_address_text(&address), address.len);
}

static bool pattern_name(draft_t *draft, word_t const *word) {
  route_address_t address;
  if (!draft_name(draft, word, &address)) return false;
  address.key[0] = ROUTE_KEY_NAME;
  return rule_add(draft, address.key, 1 + address.len);
}

/* user+*@domain, as an address: the key is that of the user, and the separator is one to check. */
static bool extension_key(draft_t *draft, route_address_t *address) {
  char *local = address->key + 1, *domain = local + address->at;
  char *star = memchr(local, '*', address->at);
  if (star != domain - 1 || star < local + 2) {
    draft_error(draft, draft->line, "a * stands for an extension, as in alice+*@example.test");
    return false;
  }
  size_t domain_len = address->len - address->at;
  star[0] = star[-1];
  draft_refer(draft, REFERENCE_SEPARATOR, draft_add(draft, star, 1 + domain_len));
  memmove(star - 1, domain, domain_len);
  address->len -= 2;
  address->at -= 2;
  address->key[0] = ROUTE_KEY_EXTENSION;
  return true;
}

static bool pattern_address(draft_t *draft, word_t const *word) {
  route_address_t address;
  if (!draft_address(draft, word, &address)) return false;
  address.key[0] = ROUTE_KEY_ADDRESS;
  if (memchr(address.key + 1, '*', address.at) && !extension_key(draft, &address)) return false;
  mention(draft, MENTION_ADDRESS, route_address_text(&address) + address.at,
          address.len - address.at, (slice_t){0, 0});
  return rule_add(draft, address.key, 1 + address.len);
}

static bool pattern_parse(draft_t *draft, word_t const *word) {
  if (word_is(word, "*")) return rule_add(draft, "*", 1);
  if (*word->s == '@') return pattern_domain(draft, word);
  return memchr(word->s, '@', word->len) ? pattern_address(draft, word) : pattern_name(draft, word);
}

/* ---- settings ---- */

static bool separators_parse(draft_t *draft, word_t const *word, slice_t *separators) {
  size_t len = word_is(word, "none") ? 0 : word->len;
  for (size_t i = 0; i < len; i++)
    if (!strchr(SEPARATORS_KNOWN, word->s[i])) {
      draft_error(draft, draft->line, "%c cannot be a separator", word->s[i]);
      return false;
    }
  *separators = draft_add(draft, word->s, len);
  return true;
}

static void set_separators(draft_t *draft, word_t const *words, size_t count) {
  slice_t separators;
  route_address_t domain;
  if (!count) {
    draft_error(draft, draft->line, "separators needs the characters, or none");
    return;
  }
  if (!separators_parse(draft, words, &separators)) return;
  for (size_t i = 1; i < count; i++)
    if (draft_domain(draft, words + i, &domain))
      mention(draft, MENTION_SEPARATORS, route_address_text(&domain), domain.len, separators);
  if (count > 1) return;
  if (draft->has_separators)
    draft_error(draft, draft->line, "separators for all domains are set already");
  draft->separators = separators;
  draft->has_separators = true;
}

static struct setting {
  char const *word;
  void (*set)(draft_t *draft, word_t const *words, size_t count);
} const settings[] = {{"base", draft_base}, {"separators", set_separators}};

static struct setting const *setting_find(word_t const *word) {
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    if (word_is(word, settings[i].word)) return settings + i;
  return NULL;
}

/* ---- lines ---- */

/* The bytes of the word at the start of s; len + 1 if a quote, which holds blanks, is left open. */
static size_t word_length(char const *s, size_t len) {
  bool quoted = false;
  size_t i = 0;
  for (; i < len && (quoted || !is_blank(s[i])); i++)
    if (s[i] == '"')
      quoted = !quoted;
    else if (quoted && s[i] == '\\' && i + 1 < len)
      i++;
  return quoted ? len + 1 : i;
}

/* Splits a line into words, up to a comment. Returns their number, or -1: a quote is left open. */
static int line_split(word_t *words, char const *s, size_t len) {
  int count = 0;
  for (size_t at = 0;;) {
    while (at < len && is_blank(s[at])) at++;
    if (at == len || s[at] == '#') return count;
    size_t word_len = word_length(s + at, len - at);
    if (word_len > len - at) return -1;
    words[count++] = (word_t){s + at, word_len};
    at += word_len;
  }
}

static void rule_parse(draft_t *draft, word_t const *words, size_t count) {
  draft->state = DRAFT_FAULTY_RULE;
  if (pattern_parse(draft, words) && !draft->failed) {
    draft->state = DRAFT_RULE;
    draft_action(draft, words + 1, count - 1);
  }
}

static void words_parse(draft_t *draft, word_t const *words, size_t count, bool continues) {
  struct setting const *setting = setting_find(words);
  if (continues && draft->state == DRAFT_NO_RULE) {
    draft_error(draft, draft->line, "a line that begins with a blank adds to a rule above it");
  } else if (continues) {
    if (draft->state == DRAFT_RULE) draft_action(draft, words, count);
  } else if (setting) {
    draft->state = DRAFT_NO_RULE;
    setting->set(draft, words + 1, count - 1);
  } else {
    rule_parse(draft, words, count);
  }
}

static bool has_control(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f) return true;
  return false;
}

static void line_parse(draft_t *draft, char const *s, size_t len) {
  word_t words[WORDS_MAX];
  int count = 0;
  if (len && s[len - 1] == '\r') len--;
  if (len > ROUTE_LINE_MAX)
    draft_error(draft, draft->line, "longer than %d bytes", ROUTE_LINE_MAX);
  else if (has_control(s, len))
    draft_error(draft, draft->line, "has a control byte");
  else if ((count = line_split(words, s, len)) < 0)
    draft_error(draft, draft->line, "a quote is not closed");
  else if (count)
    words_parse(draft, words, (size_t)count, is_blank(*s));
}

static bool is_full(draft_t const *draft) {
  return genalloc_len(draft_rule_t, &draft->rules) > ROUTE_RULES_MAX;
}

void draft_parse(draft_t *draft, char const *text, size_t len) {
  while (len && !draft->failed && !is_full(draft)) {
    char const *end = memchr(text, '\n', len);
    size_t line_len = end ? (size_t)(end - text) : len;
    size_t taken = end ? line_len + 1 : line_len;
    draft->line++;
    line_parse(draft, text, line_len);
    text += taken;
    len -= taken;
  }
  if (is_full(draft)) draft_error(draft, draft->line, "more than %d rules", ROUTE_RULES_MAX);
}
