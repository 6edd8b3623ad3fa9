#include "link.h"

#include <errno.h>
#include <stdlib.h>

#include <skalibs/exec.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"
#include "log/log.h"

void link_option(policy_settings_t *settings, int option, char const *argument, char const *usage) {
  int const taken = policy_option(settings, option, argument);
  if (taken < 0) strerr_diefu2sys(errno == EINVAL ? 100 : 111, "use ", argument);
  if (!taken) strerr_dieusage(option == 'h' ? 0 : 100, usage);
}

void link_rules(policy_rule_t *rules, size_t count, char const *list) {
  if (policy_rules_set(rules, count, list) < 0)
    strerr_dief2x(100, "not a list of result=action: ", list);
}

void link_fact(char const *name, char const *value) {
  if (!env_mexec(name, value)) strerr_diefu1sys(111, "change the environment");
}

dns_resolver_t *link_resolver(policy_settings_t const *settings) {
  dns_resolver_t *resolver = dns_open(&settings->dns);
  if (!resolver) strerr_diefu1sys(errno == EINVAL ? 100 : 111, "set up the DNS");
  return resolver;
}

_Noreturn void link_skip(char const *reason, char const *const *next) {
  log_line_t line;
  log_start(&line, PROG, "skip");
  log_str(&line, "reason", reason);
  log_send(&line);
  chain_next(next);
}

bool link_client(link_client_t *client) {
  log_session(getenv("SESSION_ID"));
  if (policy_client(&client->ip) < 0) {
    if (errno == ENOENT) return false;
    strerr_dief1x(100, "${PROTO}REMOTEIP is no address");
  }
  client->text[ip46_fmt(client->text, &client->ip)] = 0;
  return true;
}

char const *link_exemption(policy_settings_t const *settings, link_client_t const *client) {
  bool bad;
  char const *reason = policy_exemption(settings, client ? &client->ip : NULL, &bad);
  if (bad) strerr_dief1x(100, "not a list of networks");
  return reason;
}

void link_begin(policy_settings_t const *settings, link_client_t *client, char const *const *next) {
  bool const known = link_client(client);
  char const *exemption = link_exemption(settings, known ? client : NULL);
  if (exemption) link_skip(exemption, next);
}
