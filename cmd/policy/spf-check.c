/* spf-check: see spf-check(8). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "authres/authres.h"
#include "chain/chain.h"
#include "conf/conf.h"
#include "log/log.h"
#include "shared/link.h"
#include "spf/spf.h"

#define USAGE    "spf-check [-HR] [-d domains] [-r result=action,...] " POLICY_USAGE " program..."
#define TEXT_MAX (4 * DNS_NAME_MAX + SPF_PROBLEM_MAX + SPF_EXPLANATION_MAX)

char const *PROG = "spf-check";

static policy_rule_t rules[SPF_RESULTS] = {
    [SPF_NONE] = {"none", POLICY_PASS, {550, "5.7.23"}, {451, "4.7.23"}},
    [SPF_NEUTRAL] = {"neutral", POLICY_PASS, {550, "5.7.23"}, {451, "4.7.23"}},
    [SPF_PASS] = {"pass", POLICY_PASS, {550, "5.7.23"}, {451, "4.7.23"}},
    [SPF_FAIL] = {"fail", POLICY_REJECT, {550, "5.7.23"}, {451, "4.7.23"}},
    [SPF_SOFTFAIL] = {"softfail", POLICY_PASS, {550, "5.7.23"}, {451, "4.7.23"}},
    [SPF_TEMPERROR] = {"temperror", POLICY_PASS, {550, "5.7.24"}, {451, "4.7.24"}},
    [SPF_PERMERROR] = {"permerror", POLICY_PASS, {550, "5.7.24"}, {451, "4.7.24"}},
};

/* What a result means. %i is the address, %d the domain, %p the problem. */
static char const *const meanings[SPF_RESULTS] = {
    [SPF_NONE] = "%p",
    [SPF_NEUTRAL] = "%d says nothing about %i",
    [SPF_PASS] = "%i may send for %d",
    [SPF_FAIL] = "%i may not send for %d",
    [SPF_SOFTFAIL] = "%i should probably not send for %d",
    [SPF_TEMPERROR] = "%p",
    [SPF_PERMERROR] = "%p",
};

static char const *const facts[] = {"SPF_RESULT", "SPF_DOMAIN", "SPF_REASON", "SPF_HELO_RESULT"};

typedef struct options {
  policy_settings_t policy;
  bool mail_only;    /* the HELO identity counts only where there is no other */
  bool received_spf; /* write the field */
  char const *domains;
} options_t;

/* Who is judged. */
typedef struct subject {
  link_client_t client;
  char const *helo, *sender; /* "" for none */
} subject_t;

/* ---- the evaluation -------------------------------------------------------------------------- */

/* Evaluates the identities: helo only if it is a question of its own. Returns whether it is. The
   sender comes first: a HELO whose servers are slow must not use up the time that is for it. */
static bool evaluate(spf_report_t *mail, spf_report_t *helo, options_t const *options,
                     subject_t const *subject) {
  bool const both = *subject->sender && *subject->helo && !options->mail_only;
  dns_resolver_t *resolver = link_resolver(&options->policy);
  spf_query_t query = {.ip = subject->client.ip,
                       .helo = subject->helo,
                       .sender = subject->sender,
                       .now = (uint64_t)time(NULL)};
  if (both && *subject->helo != '[') dns_prefetch(resolver, subject->helo, DNS_TXT);
  spf_check(mail, resolver, &query);
  query.sender = NULL;
  if (both) spf_check(helo, resolver, &query);
  dns_close(resolver);
  return both;
}

/* Senders that the administrator excepts are told about and never refused. */
static policy_rule_t const excepted = {.action = POLICY_PASS};

static policy_rule_t const *rule_of(spf_report_t const *report, options_t const *options) {
  if (options->domains && policy_list_has_domain(options->domains, report->domain))
    return &excepted;
  return &rules[report->result];
}

/* ---- what is told ---------------------------------------------------------------------------- */

typedef struct text {
  size_t len;
  char s[TEXT_MAX];
} text_t;

static void append(text_t *text, char const *s) {
  size_t room = sizeof text->s - 1 - text->len, len = strlen(s);
  if (len > room) len = room;
  memcpy(text->s + text->len, s, len);
  text->len += len;
  text->s[text->len] = 0;
}

static void append_meaning(text_t *text, spf_report_t const *report, subject_t const *subject) {
  for (char const *s = meanings[report->result]; *s; s++) {
    if (*s != '%') {
      append(text, (char[]){*s, 0});
      continue;
    }
    s++;
    append(text, *s == 'i' ? subject->client.text : *s == 'd' ? report->domain : report->problem);
  }
}

/* The reply: what a stranger explains is marked as his (RFC 7208 6.2). */
static void make_reply(text_t *text, spf_report_t const *report, subject_t const *subject) {
  append(text, report->of_helo ? "SPF for HELO: " : "SPF for MAIL FROM: ");
  append_meaning(text, report, subject);
  if (!*report->explanation) return;
  append(text, "; ");
  append(text, report->domain);
  append(text, " explains: ");
  append(text, report->explanation);
}

static char const *unless_empty(char const *s) {
  return *s ? s : NULL;
}

static void tell_result(spf_report_t const *report, subject_t const *subject) {
  text_t comment = {.len = 0};
  append_meaning(&comment, report, subject);
  authres_property_t const identity =
      report->of_helo ? (authres_property_t){"smtp", "helo", unless_empty(subject->helo)}
                      : (authres_property_t){"smtp", "mailfrom", subject->sender};
  authres_result_t const result = {.method = "spf",
                                   .result = spf_result_name(report->result),
                                   .comment = comment.s,
                                   .properties = &identity,
                                   .nproperties = 1};
  if (authres_add(&result) < 0) strerr_diefu1sys(111, "add to AUTH_RESULTS");
}

static void add_received_spf(spf_report_t const *report, subject_t const *subject) {
  static conf_t conf;
  char const *culprit;
  char field[AUTHRES_ITEM_MAX];
  text_t comment = {.len = 0};
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "read the setting ", culprit);
  if (conf.text[CONF_ME]) {
    append(&comment, conf.text[CONF_ME]);
    append(&comment, ": ");
  }
  append_meaning(&comment, report, subject);
  authres_received_spf_t const received = {
      .result = spf_result_name(report->result),
      .comment = comment.s,
      .receiver = conf.text[CONF_ME],
      .client_ip = subject->client.text,
      .envelope_from = unless_empty(subject->sender),
      .helo = unless_empty(subject->helo),
      .identity = report->of_helo ? "helo" : "mailfrom",
      .mechanism = unless_empty(report->mechanism),
      .problem = report->result == SPF_NONE ? NULL : unless_empty(report->problem)};
  if (authres_received_spf_format(field, sizeof field, &received) < 0 ||
      chain_add_headers(field) < 0)
    strerr_diefu1sys(111, "add Received-SPF");
}

/* One line for a message; helo is the other identity's report, or NULL. */
static void log_result(spf_report_t const *report, spf_report_t const *helo,
                       policy_rule_t const *rule, subject_t const *subject) {
  log_line_t line;
  log_start(&line, PROG, "check");
  log_str(&line, "remote", subject->client.text);
  log_str(&line, "identity", report->of_helo ? "helo" : "mailfrom");
  log_str(&line, "domain", report->domain);
  log_str(&line, "result", spf_result_name(report->result));
  log_str(&line, "reason", *report->mechanism ? report->mechanism : report->problem);
  log_uint(&line, "lookups", report->lookups);
  if (helo) log_str(&line, "helo", spf_result_name(helo->result));
  log_str(&line, "action", policy_action_name(rule->action));
  log_send(&line);
}

/* ---------------------------------------------------------------------------------------------- */

static _Noreturn void refuse(spf_report_t const *report, policy_rule_t const *rule,
                             subject_t const *subject) {
  text_t text = {.len = 0};
  make_reply(&text, report, subject);
  policy_act(rule, text.s, NULL);
}

static void judge_helo(spf_report_t const *helo, options_t const *options,
                       subject_t const *subject) {
  policy_rule_t const *rule = rule_of(helo, options);
  if (rule->action != POLICY_PASS && helo->result != SPF_NONE) {
    log_result(helo, NULL, rule, subject);
    refuse(helo, rule, subject);
  }
  if (helo->result != SPF_NONE) tell_result(helo, subject);
  link_fact("SPF_HELO_RESULT", spf_result_name(helo->result));
}

static void check(options_t const *options, subject_t const *subject) {
  spf_report_t mail, helo;
  bool const both = evaluate(&mail, &helo, options, subject);
  if (both) judge_helo(&helo, options, subject);
  policy_rule_t const *rule = rule_of(&mail, options);
  log_result(&mail, both ? &helo : NULL, rule, subject);
  if (rule->action != POLICY_PASS) refuse(&mail, rule, subject);
  tell_result(&mail, subject);
  if (options->received_spf) add_received_spf(&mail, subject);
  link_fact("SPF_RESULT", spf_result_name(mail.result));
  link_fact("SPF_DOMAIN", mail.domain);
  link_fact("SPF_REASON", *mail.mechanism ? mail.mechanism : mail.problem);
}

static void parse_options(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "hHRd:r:" POLICY_OPTIONS, &state)) != -1;)
    switch (option) {
    case 'H': options->mail_only = true; break;
    case 'R': options->received_spf = true; break;
    case 'd':
      if (!(options->domains = policy_list(state.arg))) strerr_diefu2sys(111, "read ", state.arg);
      break;
    case 'r': link_rules(rules, SPF_RESULTS, state.arg); break;
    default: link_option(&options->policy, option, state.arg, USAGE);
    }
  *argv += state.ind;
  if (!**argv) strerr_dieusage(100, USAGE);
}

static char const *get(char const *name) {
  char const *value = getenv(name);
  return value ? value : "";
}

int main(int argc, char const *const *argv) {
  options_t options = {.policy = {.dns = DNS_SETTINGS_DEFAULT}};
  subject_t subject = {.helo = get("SMTP_HELO"), .sender = get("SMTP_MAIL_FROM")};
  parse_options(&options, argc, &argv);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) link_fact(facts[i], NULL);
  link_begin(&options.policy, &subject.client, argv);
  check(&options, &subject);
  chain_next(argv);
}
