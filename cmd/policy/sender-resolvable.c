/* sender-resolvable: see sender-resolvable(8). */
#include <stdlib.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"
#include "log/log.h"
#include "shared/link.h"

#define USAGE "sender-resolvable [-r result=action,...] " POLICY_USAGE " program..."

char const *PROG = "sender-resolvable";

/* RFC 7505 4.2, RFC 3463 3.2 (X.1.7, X.1.8) and 3.5 (X.4.3). */
static policy_rule_t rules[SENDER_RESULTS] = {
    [SENDER_MX] = {"mx", POLICY_PASS, {550, "5.1.8"}, {451, "4.1.8"}},
    [SENDER_ADDRESS] = {"address", POLICY_PASS, {550, "5.1.8"}, {451, "4.1.8"}},
    [SENDER_NULL] = {"null", POLICY_PASS, {550, "5.1.8"}, {451, "4.1.8"}},
    [SENDER_LITERAL] = {"literal", POLICY_REJECT, {550, "5.1.7"}, {451, "4.1.7"}},
    [SENDER_NULLMX] = {"nullmx", POLICY_REJECT, {550, "5.7.27"}, {451, "4.7.27"}},
    [SENDER_UNKNOWN] = {"unknown", POLICY_REJECT, {550, "5.1.8"}, {451, "4.1.8"}},
    [SENDER_TEMPERROR] = {"temperror", POLICY_DEFER, {550, "5.4.3"}, {451, "4.4.3"}},
};

static char const *const texts[SENDER_RESULTS] = {
    [SENDER_MX] = "your domain is not welcome as a sender's",
    [SENDER_ADDRESS] = "your domain has no MX",
    [SENDER_NULL] = "mail without a sender is not taken",
    [SENDER_LITERAL] = "an address in place of a domain is not taken as a sender's",
    [SENDER_NULLMX] = "your domain takes no mail: nobody could answer you (null MX)",
    [SENDER_UNKNOWN] = "your domain has neither MX nor address: nobody could answer you",
    [SENDER_TEMPERROR] = "your domain cannot be looked up now",
};

static void log_result(link_client_t const *client, char const *sender, policy_rule_t const *rule) {
  log_line_t line;
  log_start(&line, PROG, "check");
  log_str(&line, "remote", client->text);
  log_str(&line, "from", sender);
  log_str(&line, "result", rule->result);
  log_str(&line, "action", policy_action_name(rule->action));
  log_send(&line);
}

static void check(policy_settings_t const *settings, link_client_t const *client,
                  char const *sender, char const *const *next) {
  dns_resolver_t *resolver = link_resolver(settings);
  sender_result_t const result = sender_check(resolver, sender);
  policy_rule_t const *rule = &rules[result];
  dns_close(resolver);
  log_result(client, sender, rule);
  link_fact("SENDER_RESULT", rule->result);
  policy_act(rule, texts[result], next);
}

static void parse_options(policy_settings_t *settings, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "hr:" POLICY_OPTIONS, &state)) != -1;)
    switch (option) {
    case 'r': link_rules(rules, SENDER_RESULTS, state.arg); break;
    default: link_option(settings, option, state.arg, USAGE);
    }
  *argv += state.ind;
  if (!**argv) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  policy_settings_t settings = {.dns = DNS_SETTINGS_DEFAULT};
  link_client_t client;
  char const *sender = getenv("SMTP_MAIL_FROM");
  policy_time(&settings, 10000);
  parse_options(&settings, argc, &argv);
  link_fact("SENDER_RESULT", NULL);
  link_begin(&settings, &client, argv);
  if (!sender) link_skip("no-sender", argv);
  check(&settings, &client, sender, argv);
}
