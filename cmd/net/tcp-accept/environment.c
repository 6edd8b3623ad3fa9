#include <stdlib.h>
#include <string.h>

#include <skalibs/env.h>

#include "tcp-accept.h"

static char const *const identity_names[] = {"UID", "GID", "GIDLIST"};

static bool is_name(char const *variable, char const *name, size_t len) {
  return !strncmp(variable, name, len) && variable[len] == '=';
}

static bool is_inherited(char const *variable, bool drop_root) {
  if (net_facts_own(variable)) return false;
  for (size_t i = 0; drop_root && i < sizeof identity_names / sizeof *identity_names; i++)
    if (is_name(variable, identity_names[i], strlen(identity_names[i]))) return false;
  return true;
}

int environment_init(environment_t *environment, char const *const *envp, bool drop_root) {
  size_t const most = env_len(envp);
  environment->inherited_count = 0;
  environment->inherited = malloc((most + 1) * sizeof *environment->inherited);
  environment->strings =
      malloc((NET_FACTS_MAX + most + NET_RULE_VARIABLES_MAX + 1) * sizeof *environment->strings);
  if (!environment->inherited || !environment->strings) return -1;
  for (size_t i = 0; i < most; i++)
    if (is_inherited(envp[i], drop_root))
      environment->inherited[environment->inherited_count++] = envp[i];
  return 0;
}

/* Puts variable in the place of that of the same name, or at the end. Returns the new count. */
static size_t set(char const **strings, size_t count, char const *variable) {
  size_t const len = strcspn(variable, "=");
  for (size_t i = 0; i < count; i++)
    if (is_name(strings[i], variable, len)) return strings[i] = variable, count;
  strings[count] = variable;
  return count + 1;
}

char const *const *environment_make(environment_t *environment, net_facts_t const *facts,
                                    net_rule_t const *rule) {
  char const **const strings = environment->strings, *variable;
  size_t count = facts->count, position = 0;
  memcpy(strings, facts->strings, count * sizeof *strings);
  memcpy(strings + count, environment->inherited, environment->inherited_count * sizeof *strings);
  count += environment->inherited_count;
  while ((variable = net_rule_variable(rule, &position))) count = set(strings, count, variable);
  strings[count] = NULL;
  return strings;
}
