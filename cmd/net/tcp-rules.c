/* tcp-rules: see tcp-rules(8). */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/env.h>
#include <skalibs/exec.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "log/log.h"
#include "net/net.h"

#define USAGE       "tcp-rules [-P protocol] [-D text] rules program..."
#define EXIT_DENIED 1

char const *PROG = "tcp-rules";

/* ---- who it is ------------------------------------------------------------------------------- */

/* ${PROTO}NAME, NULL if it is not set or empty. */
static char const *fact(char const *name) {
  char const *const value = ucspi_get(name);
  return value && *value ? value : NULL;
}

static void read_client(net_client_t *client, ip46 *ip) {
  char const *const address = fact("REMOTEIP"), *const uid = fact("REMOTEEUID");
  unsigned int number;
  *client = (net_client_t){.ip = ip, .host = fact("REMOTEHOST"), .info = fact("REMOTEINFO")};
  if (address) {
    if (net_address_parse(ip, address) < 0) strerr_dief2x(100, "not an address: ", address);
    return;
  }
  if (!uid || !uint0_scan(uid, &number))
    strerr_dief1x(100, "${PROTO}REMOTEIP is not set: is there a tcp-env in front?");
  client->ip = NULL;
  client->uid = number;
}

/* ---- what is done with it -------------------------------------------------------------------- */

static void change(char const *name, char const *value) {
  if (!env_mexec(name, value)) strerr_diefu1sys(111, "change the environment");
}

static void set_variables(net_rule_t const *rule) {
  char name[NET_RULE_VALUE_MAX];
  char const *variable;
  for (size_t position = 0; (variable = net_rule_variable(rule, &position));) {
    size_t const len = strcspn(variable, "=");
    if (len >= sizeof name) strerr_dief1x(100, "the name of a variable is too long");
    memcpy(name, variable, len);
    name[len] = 0;
    change(name, variable + len + 1);
  }
}

/* Tells the client, and begins the line that tells the log. */
static void refuse(log_line_t *line, char const *text, char const *reason) {
  signal(SIGPIPE, SIG_IGN);
  net_refuse(1, text);
  log_start(line, PROG, "refuse");
  if (fact("REMOTEIP")) log_str(line, "remote", fact("REMOTEIP"));
  log_str(line, "reason", reason);
}

static _Noreturn void deny(char const *text, net_rule_t const *rule) {
  log_line_t line;
  refuse(&line, text, "denied");
  log_str(&line, "rule", rule->key);
  log_send(&line);
  exit(EXIT_DENIED);
}

static _Noreturn void give_up(char const *text, net_rules_error_t const *error) {
  log_line_t line;
  int const number = errno;
  refuse(&line, text, "rules");
  log_errno(&line, number);
  if (error->line) log_uint(&line, "line", error->line);
  if (error->reason) log_str(&line, "detail", error->reason);
  log_send(&line);
  exit(111);
}

static _Noreturn void apply(net_client_t const *client, char const *path, net_refusal_texts_t texts,
                            char const *const *next) {
  net_rules_t rules;
  net_rule_t rule;
  net_rules_init(&rules, path);
  if (net_rules_refresh(&rules) < 0 || net_rules_find(&rules, client, &rule, NULL, NULL) < 0)
    give_up(texts[NET_TROUBLE], &rules.error);
  if (!rule.allow) deny(texts[NET_DENIED], &rule);
  change("RELAYCLIENT", NULL);
  set_variables(&rule);
  net_rules_free(&rules);
  chain_next(next);
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  net_refusal_texts_t texts;
  net_client_t client;
  ip46 ip;
  char const *protocol = NULL, *denied = NULL;
  for (int option; (option = subgetopt_r(argc, argv, "hP:D:", &options)) != -1;) switch (option) {
    case 'P': protocol = options.arg; break;
    case 'D': denied = options.arg; break;
    default: strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    }
  argv += options.ind;
  if (!argv[0] || !argv[1]) strerr_dieusage(100, USAGE);
  if (denied && !net_refusal_valid(denied))
    strerr_dief1x(100, "a text must be one printable line, not too long");
  read_client(&client, &ip);
  if (!protocol) protocol = client.ip ? "smtp" : "none";
  if (net_refusal_texts(texts, protocol) < 0) strerr_dief2x(100, "unknown protocol: ", protocol);
  if (denied) texts[NET_DENIED] = denied;
  log_session(getenv("SESSION_ID"));
  apply(&client, argv[0], texts, argv + 1);
}
