#include <errno.h>
#include <string.h>

#include "chain/chain.h"
#include "policy/policy.h"

static char const *const names[POLICY_ACTIONS] = {
    [POLICY_PASS] = "pass", [POLICY_DEFER] = "defer", [POLICY_REJECT] = "reject"};

char const *policy_action_name(policy_action_t action) {
  return names[action];
}

static bool is_word(char const *s, size_t len, char const *word) {
  return strlen(word) == len && !memcmp(s, word, len);
}

static int action_parse(policy_action_t *action, char const *s, size_t len) {
  for (policy_action_t i = 0; i < POLICY_ACTIONS; i++)
    if (is_word(s, len, names[i])) return *action = i, 0;
  return errno = EINVAL, -1;
}

/* One "result=action". */
static int set(policy_rule_t *rules, size_t count, char const *s, size_t len) {
  char const *equals = memchr(s, '=', len);
  if (!equals) return errno = EINVAL, -1;
  size_t name_len = (size_t)(equals - s);
  for (size_t i = 0; i < count; i++)
    if (is_word(s, name_len, rules[i].result))
      return action_parse(&rules[i].action, equals + 1, len - name_len - 1);
  return errno = EINVAL, -1;
}

int policy_rules_set(policy_rule_t *rules, size_t count, char const *list) {
  for (;;) {
    size_t len = strcspn(list, ",");
    if (set(rules, count, list, len) < 0) return -1;
    if (!list[len]) return 0;
    list += len + 1;
  }
}

_Noreturn void policy_act(policy_rule_t const *rule, char const *text, char const *const *next) {
  if (rule->action == POLICY_REJECT) chain_reject(rule->reject.code, rule->reject.enhanced, text);
  if (rule->action == POLICY_DEFER) chain_defer(rule->defer.code, rule->defer.enhanced, text);
  chain_next(next);
}
