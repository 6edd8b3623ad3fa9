#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lines.h"

typedef struct row {
  char const *key;
  remote_policy_t policy;
} row_t;

struct remote_policies {
  lines_t lines;
};

static char const *const levels[REMOTE_LEVELS] = {[REMOTE_NONE] = "none",
                                                  [REMOTE_MAY] = "may",
                                                  [REMOTE_ENCRYPT] = "encrypt",
                                                  [REMOTE_VERIFY] = "verify",
                                                  [REMOTE_PIN] = "pin"};

char const *remote_level_word(remote_level_t level) {
  return levels[level];
}

/* ---- a line ---- */

static char const *take_nothing(remote_policy_t *policy, char const *word) {
  (void)policy;
  (void)word;
  return "nothing may follow this level";
}

static char const *take_name(remote_policy_t *policy, char const *word) {
  char const *const name = *word == '.' ? word + 1 : word;
  if (!tls_name_valid(name, strlen(name))) return "a name to verify is not a host's name";
  if (policy->names_count == TLS_NAMES_MAX) return "too many names";
  policy->names[policy->names_count++] = word;
  return NULL;
}

static char const *take_pin(remote_policy_t *policy, char const *word) {
  size_t const i = policy->pins_count;
  if (i == TLS_PINS_MAX) return "too many pins";
  if (tls_pin_parse(&policy->pins[i], word, policy->pin_bytes[i], sizeof policy->pin_bytes[i]) < 0)
    return "a pin is neither SHA256: and hexadecimal nor sha256// and base64";
  policy->pins_count++;
  return NULL;
}

static char const *(*const take_detail[REMOTE_LEVELS])(remote_policy_t *policy,
                                                       char const *word) = {
    [REMOTE_NONE] = take_nothing,
    [REMOTE_MAY] = take_nothing,
    [REMOTE_ENCRYPT] = take_nothing,
    [REMOTE_VERIFY] = take_name,
    [REMOTE_PIN] = take_pin};

static remote_level_t find_level(char const *word) {
  remote_level_t level = REMOTE_NONE;
  while (level < REMOTE_LEVELS && strcmp(word, levels[level]) != 0) level++;
  return level;
}

static char const *take_level(remote_policy_t *policy, char **s) {
  char const *word = lines_word(s);
  if (strcmp(word, "implicit") == 0) {
    policy->implicit = true;
    word = lines_word(s);
  }
  policy->level = find_level(word);
  if (policy->level == REMOTE_LEVELS) return "the level is not none, may, encrypt, verify or pin";
  return policy->implicit && policy->level == REMOTE_NONE ? "implicit and none are opposites"
                                                          : NULL;
}

static char const *take_row(void *data, char *line) {
  row_t *const row = data;
  row->key = lines_word(&line);
  char const *reason = take_level(&row->policy, &line);
  if (reason) return reason;
  for (char const *word; word = lines_word(&line), *word;) {
    reason = take_detail[row->policy.level](&row->policy, word);
    if (reason) return reason;
  }
  return row->policy.level == REMOTE_PIN && !row->policy.pins_count ? "pin needs a pin" : NULL;
}

/* ---- the table ---- */

remote_policies_t *remote_policies_parse(char const *text, size_t len, remote_error_t *error) {
  remote_policies_t *const policies = malloc(sizeof *policies);
  if (!policies) return NULL;
  if (lines_parse(&policies->lines, text, len, sizeof(row_t), take_row, error) == 0)
    return policies;
  int const saved = errno;
  free(policies);
  errno = saved;
  return NULL;
}

void remote_policies_free(remote_policies_t *policies) {
  if (!policies) return;
  lines_free(&policies->lines);
  free(policies);
}

remote_policy_t const *remote_policy_of(remote_policies_t const *policies,
                                        char const *destination) {
  row_t const *const row = policies ? lines_find(&policies->lines, destination) : NULL;
  return row ? &row->policy : NULL;
}

remote_policy_t const *remote_policy_find(remote_policies_t const *policies,
                                          char const *destination) {
  if (!policies) return NULL;
  row_t const *row = lines_find(&policies->lines, destination);
  for (char const *s = destination; !row && (s = strchr(s, '.')); s++)
    row = lines_find(&policies->lines, s);
  if (!row) row = lines_find(&policies->lines, "*");
  return row ? &row->policy : NULL;
}

/* ---- names ---- */

static bool is_below(char const *host, char const *domain) {
  size_t const len = strlen(host), domain_len = strlen(domain);
  return len > domain_len + 1 && host[len - domain_len - 1] == '.' &&
         strcasecmp(host + len - domain_len, domain) == 0;
}

size_t remote_names(char const *names[TLS_NAMES_MAX], remote_policy_t const *policy,
                    char const *domain, char const *host) {
  size_t count = 0;
  if (!policy->names_count) {
    names[0] = is_below(host, domain) ? host : domain;
    names[1] = domain;
    return names[0] == domain ? 1 : 2;
  }
  for (size_t i = 0; i < policy->names_count; i++) {
    char const *const name = policy->names[i];
    if (*name != '.') names[count++] = name;
    if (*name == '.' && is_below(host, name + 1)) names[count++] = host;
  }
  return count;
}
