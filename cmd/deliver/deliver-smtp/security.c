#include <errno.h>
#include <string.h>

#include "connection.h"
#include "deliver-smtp.h"

/* Where the port alone says that TLS comes first (RFC 8314, 3.3). */
#define SUBMISSIONS 465

/* How the levels are kept. */
static struct {
  relay_security_t security;
  tls_policy_t tls;
  uint16_t min_version;
  bool weak_suites;
} const measures[REMOTE_LEVELS] = {
    [REMOTE_NONE] = {RELAY_PLAIN, TLS_POLICY_ANY, 0, false},
    [REMOTE_MAY] = {RELAY_OPPORTUNISTIC, TLS_POLICY_ANY, 0x0301, true},
    [REMOTE_ENCRYPT] = {RELAY_REQUIRED, TLS_POLICY_ANY, 0x0303, true},
    [REMOTE_VERIFY] = {RELAY_REQUIRED, TLS_POLICY_CA, 0x0303, false},
    [REMOTE_PIN] = {RELAY_REQUIRED, TLS_POLICY_PIN, 0x0303, false}};

static remote_policy_t const opportunistic = {.level = REMOTE_MAY};
static remote_policy_t const verified = {.level = REMOTE_VERIFY};

/* The policy of a destination's host: the one place where it is decided. What DANE and MTA-STS say
   of a domain and a host comes in here. A password goes to no one but a host that is known, unless
   a line for this very destination says so. */
static remote_policy_t const *policy_of(destination_t const *destination, bool has_login) {
  remote_policies_t const *const policies = destination->tables->policies;
  remote_policy_t const *const own = remote_policy_of(policies, destination->name);
  if (own) return own;
  if (has_login) return &verified;
  remote_policy_t const *const found = remote_policy_find(policies, destination->name);
  return found ? found : &opportunistic;
}

static void choose_login(security_t *security, destination_t const *destination) {
  remote_login_t const *login = remote_login_find(destination->tables->logins, destination->name);
  if (!login) return;
  security->login = (relay_login_t){.name = login->name, .password = login->password};
  security->relay.login = &security->login;
}

static bool is_implicit(destination_t const *destination, remote_policy_t const *policy) {
  return policy->implicit ||
         (destination->place.is_server && destination->place.port == SUBMISSIONS);
}

static size_t choose_names(security_t *security, destination_t const *destination,
                           mx_address_t const *address, remote_policy_t const *policy) {
  char const *const domain = destination->place.host;
  char const *const host = *address->host ? address->host : domain;
  if (policy->level == REMOTE_VERIFY) return remote_names(security->names, policy, domain, host);
  security->names[0] = host;
  return 1;
}

static int fail(chain_verdict_t *why, char const *text) {
  *why = (chain_verdict_t){.kind = CHAIN_DEFER, .enhanced = "4.7.5"};
  strcpy(why->text, text);
  return -1;
}

int security_choose(security_t *security, destination_t const *destination,
                    mx_address_t const *address, chain_verdict_t *why) {
  *security = (security_t){0};
  choose_login(security, destination);
  remote_policy_t const *const policy = policy_of(destination, security->relay.login);
  remote_level_t const level = security->level = policy->level;
  security->relay.protocol = RELAY_SMTP;
  security->relay.helo = settings.helo;
  security->relay.patience = settings.patience;
  security->relay.security = measures[level].security;
  if (level != REMOTE_NONE && is_implicit(destination, policy))
    security->relay.security = RELAY_IMPLICIT;
  security->relay.tls = &security->tls;
  security->tls.policy = measures[level].tls;
  security->tls.min_version = measures[level].min_version;
  security->tls.weak_suites = measures[level].weak_suites;
  security->tls.names = security->names;
  security->tls.names_count = choose_names(security, destination, address, policy);
  security->tls.pins = policy->pins;
  security->tls.pins_count = policy->pins_count;
  if (level != REMOTE_VERIFY) return 0;
  if (!security->tls.names_count) return fail(why, "the host has none of the names to verify");
  security->tls.anchors = tables_anchors();
  if (security->tls.anchors) return 0;
  char const *const reason = strerror(errno);
  fail(why, "there are no certificates of authorities here: ");
  verdict_add(why, reason);
  return -1;
}

bool security_fits(security_t const *security, security_t const *other) {
  return security->level == other->level && security->level < REMOTE_VERIFY &&
         security->relay.security == other->relay.security && !security->relay.login &&
         !other->relay.login;
}
