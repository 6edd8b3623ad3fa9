/* fcrdns-check: see fcrdns-check(8). */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "authres/authres.h"
#include "chain/chain.h"
#include "log/log.h"
#include "net/net.h"
#include "shared/link.h"

#define USAGE        "fcrdns-check [-S] [-P protocol] [-D text] " POLICY_USAGE " program..."
#define EXIT_DENIED  1
#define TIME_DEFAULT 3000 /* milliseconds */

char const *PROG = "fcrdns-check";

/* The words of RFC 8601 2.7.3; codes of RFC 7372 3.3 and RFC 3463 3.5. */
static policy_rule_t rules[FCRDNS_RESULTS] = {
    [FCRDNS_PASS] = {"pass", POLICY_PASS, {0, ""}, {0, ""}},
    [FCRDNS_FAIL] = {"fail", POLICY_PASS, {550, "5.7.25"}, {0, ""}},
    [FCRDNS_TEMPERROR] = {"temperror", POLICY_PASS, {0, ""}, {451, "4.4.3"}},
    [FCRDNS_PERMERROR] = {"permerror", POLICY_PASS, {550, "5.7.25"}, {0, ""}},
};

static char const *const texts[FCRDNS_RESULTS] = {
    [FCRDNS_PASS] = "",
    [FCRDNS_FAIL] = "the names of your address do not lead back to it",
    [FCRDNS_TEMPERROR] = "the name of your address cannot be looked up now",
    [FCRDNS_PERMERROR] = "your address has no name",
};

typedef struct options {
  policy_settings_t policy;
  char const *protocol, *denied; /* NULL: smtp, its own text */
} options_t;

static void be_strict(void) {
  rules[FCRDNS_FAIL].action = rules[FCRDNS_PERMERROR].action = POLICY_REJECT;
  rules[FCRDNS_TEMPERROR].action = POLICY_DEFER;
}

/* ---- facts ----------------------------------------------------------------------------------- */

/* Sets ${PROTO}REMOTEHOST; "": unsets it. */
static void set_host(char const *name) {
  char variable[64];
  char const *proto = getenv("PROTO");
  size_t len = proto ? strlen(proto) : 0;
  if (len + sizeof "REMOTEHOST" > sizeof variable) strerr_dief1x(100, "PROTO is too long");
  if (len) memcpy(variable, proto, len);
  memcpy(variable + len, "REMOTEHOST", sizeof "REMOTEHOST");
  link_fact(variable, *name ? name : NULL);
}

static void tell_result(link_client_t const *client, policy_rule_t const *rule) {
  authres_property_t const address = {"policy", "iprev", client->text};
  authres_result_t const result = {
      .method = "iprev", .result = rule->result, .properties = &address, .nproperties = 1};
  if (authres_add(&result) < 0) strerr_diefu1sys(111, "add to AUTH_RESULTS");
}

static void log_result(link_client_t const *client, char const *name, policy_rule_t const *rule) {
  log_line_t line;
  log_start(&line, PROG, "check");
  log_str(&line, "remote", client->text);
  if (*name) log_str(&line, "name", name);
  log_str(&line, "result", rule->result);
  log_str(&line, "action", policy_action_name(rule->action));
  log_send(&line);
}

/* ---- refusing -------------------------------------------------------------------------------- */

/* A greeting that refuses begins with 554 or 421 (RFC 5321 3.1, 3.8), whatever the check's code. */
static void make_greeting(char greeting[NET_REFUSAL_MAX + 1], policy_rule_t const *rule,
                          char const *text) {
  char const *head = rule->action == POLICY_REJECT ? "554 " : "421 ";
  char const *enhanced =
      rule->action == POLICY_REJECT ? rule->reject.enhanced : rule->defer.enhanced;
  char const *const parts[] = {head, enhanced, " ", text};
  size_t len = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    memcpy(greeting + len, parts[i], strlen(parts[i]));
    len += strlen(parts[i]);
  }
  greeting[len] = 0;
}

/* At the end of a connection chain, the client itself is told. */
static _Noreturn void refuse(options_t const *options, policy_rule_t const *rule,
                             char const *text) {
  char greeting[NET_REFUSAL_MAX + 1];
  net_refusal_texts_t words;
  bool const denied = rule->action == POLICY_REJECT;
  signal(SIGPIPE, SIG_IGN);
  if (options->protocol) {
    net_refusal_texts(words, options->protocol);
    text = words[denied ? NET_DENIED : NET_TROUBLE];
  } else {
    make_greeting(greeting, rule, text);
    text = greeting;
  }
  net_refuse(1, denied && options->denied ? options->denied : text);
  exit(EXIT_DENIED);
}

/* ---------------------------------------------------------------------------------------------- */

static policy_rule_t const *rule_of(options_t const *options, fcrdns_result_t result,
                                    link_client_t const *client) {
  static policy_rule_t spared;
  if (!link_exemption(&options->policy, client)) return &rules[result];
  spared = rules[result];
  spared.action = POLICY_PASS;
  return &spared;
}

static void check(options_t const *options, link_client_t const *client, char const *const *next) {
  char name[DNS_NAME_MAX + 1];
  dns_resolver_t *resolver = link_resolver(&options->policy);
  fcrdns_result_t const result = fcrdns_check(name, resolver, &client->ip);
  policy_rule_t const *rule = rule_of(options, result, client);
  dns_close(resolver);
  log_result(client, name, rule);
  set_host(name);
  link_fact("FCRDNS_RESULT", rule->result);
  tell_result(client, rule);
  if (rule->action != POLICY_PASS && !getenv("ERROR_FD")) refuse(options, rule, texts[result]);
  policy_act(rule, texts[result], next);
}

static void parse_options(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  net_refusal_texts_t words;
  for (int option; (option = subgetopt_r(argc, *argv, "hSP:D:" POLICY_OPTIONS, &state)) != -1;)
    switch (option) {
    case 'S': be_strict(); break;
    case 'P':
      if (net_refusal_texts(words, options->protocol = state.arg) < 0)
        strerr_dief2x(100, "unknown protocol: ", state.arg);
      break;
    case 'D':
      if (!net_refusal_valid(options->denied = state.arg))
        strerr_dief1x(100, "a text must be one printable line, not too long");
      break;
    default: link_option(&options->policy, option, state.arg, USAGE);
    }
  *argv += state.ind;
  if (!**argv) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  options_t options = {.policy = {.dns = DNS_SETTINGS_DEFAULT}};
  link_client_t client;
  policy_time(&options.policy, TIME_DEFAULT);
  parse_options(&options, argc, &argv);
  set_host("");
  link_fact("FCRDNS_RESULT", NULL);
  if (link_client(&client))
    check(&options, &client, argv);
  else
    link_skip("no-address", argv);
}
