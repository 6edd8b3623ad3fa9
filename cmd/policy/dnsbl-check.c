/* dnsbl-check: see dnsbl-check(8). */
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "chain/chain.h"
#include "log/log.h"
#include "shared/link.h"

#define USAGE                                                                                      \
  "dnsbl-check -l list... [-r reject-score] [-d defer-score] " POLICY_USAGE " program..."
#define REASON_MAX 400
#define TEXT_MAX   1000
#define NAMES_MAX  4096

char const *PROG = "dnsbl-check";

typedef struct options {
  policy_settings_t policy;
  size_t count;
  int reject, defer; /* scores; 0: never */
  dnsbl_list_t lists[DNSBL_LISTS_MAX];
} options_t;

static policy_rule_t const pass = {.action = POLICY_PASS};
static policy_rule_t const reject = {.action = POLICY_REJECT, .reject = {0, "5.7.1"}};
static policy_rule_t const defer = {.action = POLICY_DEFER, .defer = {0, "4.7.1"}};

static char const *const status_names[] = {[DNSBL_CLEAR] = "clear",
                                           [DNSBL_LISTED] = "listed",
                                           [DNSBL_REFUSED] = "refused-us",
                                           [DNSBL_TROUBLE] = "no-answer"};

static bool reaches(int score, int limit) {
  return limit > 0 && score >= limit;
}

static policy_rule_t const *rule_of(options_t const *options, int score) {
  if (reaches(score, options->reject)) return &reject;
  return reaches(score, options->defer) ? &defer : &pass;
}

/* Of the lists that speak against the client the one that weighs most: there is one, or its score
   would not be above 0. */
static dnsbl_list_t const *gravest(options_t const *options, dnsbl_report_t const *report) {
  dnsbl_list_t const *found = options->lists;
  int weight = 0;
  for (size_t i = 0; i < options->count; i++) {
    if (report->status[i] != DNSBL_LISTED || options->lists[i].weight <= weight) continue;
    found = &options->lists[i];
    weight = found->weight;
  }
  return found;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void join(char *text, size_t size, char const *s) {
  size_t len = strlen(text), more = strlen(s);
  if (more > size - 1 - len) more = size - 1 - len;
  memcpy(text + len, s, more);
  text[len + more] = 0;
}

static void make_reply(char text[TEXT_MAX], dns_resolver_t *resolver, dnsbl_list_t const *list,
                       link_client_t const *client) {
  char reason[REASON_MAX];
  dnsbl_reason(reason, sizeof reason, resolver, list, &client->ip);
  join(text, TEXT_MAX, client->text);
  join(text, TEXT_MAX, " is listed by ");
  join(text, TEXT_MAX, list->zone);
  if (!*reason) return;
  join(text, TEXT_MAX, ": ");
  join(text, TEXT_MAX, reason);
}

/* The lists with this status, blanks between them. */
static void make_names(char names[NAMES_MAX], options_t const *options,
                       dnsbl_report_t const *report, dnsbl_status_t status) {
  *names = 0;
  for (size_t i = 0; i < options->count; i++) {
    if (report->status[i] != status) continue;
    if (*names) join(names, NAMES_MAX, " ");
    join(names, NAMES_MAX, options->lists[i].zone);
  }
}

static bool has(options_t const *options, dnsbl_report_t const *report, dnsbl_status_t status) {
  for (size_t i = 0; i < options->count; i++)
    if (report->status[i] == status) return true;
  return false;
}

static char const *result_of(options_t const *options, dnsbl_report_t const *report) {
  if (has(options, report, DNSBL_LISTED)) return "listed";
  bool const silent = has(options, report, DNSBL_TROUBLE) || has(options, report, DNSBL_REFUSED);
  return silent ? "temperror" : "clear";
}

static void format_score(char text[INT_FMT + 1], int score) {
  text[int_fmt(text, score)] = 0;
}

static void set_facts(options_t const *options, dnsbl_report_t const *report) {
  char names[NAMES_MAX], score[INT_FMT + 1];
  make_names(names, options, report, DNSBL_LISTED);
  format_score(score, report->score);
  link_fact("DNSBL_RESULT", result_of(options, report));
  link_fact("X_DNSBL_SCORE", score);
  link_fact("X_DNSBL_LISTS", names);
}

static void log_report(options_t const *options, dnsbl_report_t const *report,
                       policy_rule_t const *rule, link_client_t const *client) {
  char names[NAMES_MAX], score[INT_FMT + 1];
  log_line_t line;
  format_score(score, report->score);
  log_start(&line, PROG, "check");
  log_str(&line, "remote", client->text);
  log_str(&line, "result", result_of(options, report));
  log_str(&line, "score", score);
  for (dnsbl_status_t i = DNSBL_LISTED; i <= DNSBL_TROUBLE; i++) {
    make_names(names, options, report, i);
    if (*names) log_str(&line, status_names[i], names);
  }
  log_str(&line, "action", policy_action_name(rule->action));
  log_send(&line);
}

/* ---------------------------------------------------------------------------------------------- */

static void check(options_t const *options, link_client_t const *client, char const *const *next) {
  dnsbl_report_t report;
  char text[TEXT_MAX] = "";
  dns_resolver_t *resolver = link_resolver(&options->policy);
  dnsbl_check(&report, resolver, options->lists, options->count, &client->ip);
  policy_rule_t const *rule = rule_of(options, report.score);
  if (rule->action != POLICY_PASS) make_reply(text, resolver, gravest(options, &report), client);
  dns_close(resolver);
  log_report(options, &report, rule, client);
  set_facts(options, &report);
  policy_act(rule, text, next);
}

static void add_list(options_t *options, char const *s) {
  if (options->count == DNSBL_LISTS_MAX) strerr_dief1x(100, "too many lists");
  if (dnsbl_list_parse(&options->lists[options->count++], s) < 0)
    strerr_dief2x(100, "not a list: ", s);
}

static int parse_score(char const *s) {
  int score;
  if (!int0_scan(s, &score) || score < 0) strerr_dief2x(100, "not a score: ", s);
  return score;
}

static void parse_options(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "hl:r:d:" POLICY_OPTIONS, &state)) != -1;)
    switch (option) {
    case 'l': add_list(options, state.arg); break;
    case 'r': options->reject = parse_score(state.arg); break;
    case 'd': options->defer = parse_score(state.arg); break;
    default: link_option(&options->policy, option, state.arg, USAGE);
    }
  *argv += state.ind;
  if (!**argv || !options->count) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  static options_t options = {.policy = {.dns = DNS_SETTINGS_DEFAULT}, .reject = 1};
  link_client_t client;
  policy_time(&options.policy, 10000);
  parse_options(&options, argc, &argv);
  link_fact("DNSBL_RESULT", NULL);
  link_fact("X_DNSBL_SCORE", NULL);
  link_fact("X_DNSBL_LISTS", NULL);
  link_begin(&options.policy, &client, argv);
  check(&options, &client, argv);
}
