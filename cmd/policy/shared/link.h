/* link: what the links of this room do alike: options, the client, facts, and letting pass whom
 * they do not judge. What cannot go on says why, and exits. */
#ifndef CHAINMAIL_POLICY_LINK_H
#define CHAINMAIL_POLICY_LINK_H

#include "policy/policy.h"

typedef struct link_client {
  ip46 ip;
  char text[IP46_FMT + 1];
} link_client_t;

/* For an option that is not the program's own. */
void link_option(policy_settings_t *settings, int option, char const *argument, char const *usage);
/* Sets the actions of rules from a list "result=action,..." (policy_rules_set). */
void link_rules(policy_rule_t *rules, size_t count, char const *list);
/* Sets a variable of the next program's; value NULL: it is unset. */
void link_fact(char const *name, char const *value);
dns_resolver_t *link_resolver(policy_settings_t const *settings);
/* Goes on to the next program, and logs why the client is not judged. */
_Noreturn void link_skip(char const *reason, char const *const *next);
/* Reads who the client is. False: it has no address. */
bool link_client(link_client_t *client);
/* Why the client, NULL if it has no address, is not to be judged; or NULL. */
char const *link_exemption(policy_settings_t const *settings, link_client_t const *client);
/* Reads who the client is; goes on to the next program if it is not to be judged. */
void link_begin(policy_settings_t const *settings, link_client_t *client, char const *const *next);

#endif
