/* tcp-rules-query: see tcp-rules-query(1). */

#include <skalibs/buffer.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "net/net.h"

#define USAGE       "tcp-rules-query rules address [host [info]]"
#define EXIT_DENIED 1

char const *PROG = "tcp-rules-query";

static void print(char const *a, char const *b) {
  if (buffer_puts(buffer_1, a) < 0 || buffer_puts(buffer_1, b) < 0 ||
      buffer_put(buffer_1, "\n", 1) < 0)
    strerr_diefu1sys(111, "write to standard output");
}

static void print_key(void *data, char const *key, bool found) {
  (void)data;
  print(found ? "rule    " : "no rule ", *key ? key : "(everybody else)");
}

static void print_rule(net_rule_t const *rule) {
  char const *variable;
  print(rule->allow ? "allow" : "deny", "");
  for (size_t position = 0; (variable = net_rule_variable(rule, &position));)
    print("set ", variable);
}

static void read_rules(net_rules_t *rules, char const *path) {
  char text[NET_RULES_ERROR_MAX];
  net_rules_init(rules, path);
  if (net_rules_refresh(rules) == 0) return;
  net_rules_error_text(text, path, &rules->error, rules->status);
  strerr_dief2x(111, "unable to use the rules: ", text);
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  net_rules_t rules;
  net_rule_t rule;
  ip46 ip;
  for (int option; (option = subgetopt_r(argc, argv, "h", &options)) != -1;)
    strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
  int const count = argc - options.ind;
  argv += options.ind;
  if (count < 2 || count > 4) strerr_dieusage(100, USAGE);
  net_client_t const client = {
      .ip = &ip, .host = count > 2 ? argv[2] : NULL, .info = count > 3 ? argv[3] : NULL};
  if (net_address_parse(&ip, argv[1]) < 0) strerr_dief2x(100, "not an address: ", argv[1]);
  read_rules(&rules, argv[0]);
  if (net_rules_find(&rules, &client, &rule, print_key, NULL) < 0)
    strerr_diefu2sys(111, "look up rules in ", argv[0]);
  print_rule(&rule);
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write to standard output");
  return rule.allow ? 0 : EXIT_DENIED;
}
