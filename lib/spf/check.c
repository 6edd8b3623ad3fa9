#include <string.h>

#include "spf/evaluation.h"

/* ---- the record of a domain ---------------------------------------------------------------- */

typedef struct record {
  spf_string_t terms;
  spf_term_t redirect, exp; /* text.len 0: there is none */
} record_t;

/* Finds the SPF record among TXT records (4.5). SPF_NONE: none; SPF_PERMERROR: several. */
static spf_result_t select_record(spf_evaluation_t *evaluation, dns_answer_t const *answer,
                                  spf_string_t *terms) {
  unsigned int found = spf_record_select(terms, answer);
  if (found == 1 && !answer->cut) return SPF_NEUTRAL;
  char const *problem = found > 1     ? "several SPF records at "
                        : answer->cut ? "too many TXT records at "
                                      : "no SPF record at ";
  spf_problem(evaluation, SPF_NO_MATCH, SPF_STRINGS(problem, evaluation->domain));
  return found > 1 || answer->cut ? SPF_PERMERROR : SPF_NONE;
}

/* Looks up the record of evaluation->domain. SPF_NEUTRAL: *terms has it. */
static spf_result_t find_record(spf_evaluation_t *evaluation, spf_string_t *terms) {
  static dns_answer_t const nothing = {.status = DNS_NO_DATA};
  dns_answer_t const *answer = &nothing;
  bool has_dot = strchr(evaluation->domain, '.') != NULL;
  spf_match_t match =
      has_dot ? spf_ask(evaluation, &answer, evaluation->domain, DNS_TXT) : SPF_NO_MATCH;
  if (match != SPF_MATCH_TEMPERROR) return select_record(evaluation, answer, terms);
  spf_problem(evaluation, match, SPF_STRINGS("no answer for TXT of ", evaluation->domain));
  return SPF_TEMPERROR;
}

static spf_result_t report_syntax(spf_evaluation_t *evaluation, spf_term_t const *term,
                                  char const *problem) {
  char shown[SPF_TERM_MAX + 1];
  spf_text_t text = spf_text(shown, sizeof shown);
  spf_text_put(&text, term->text.s, term->text.len);
  spf_problem(evaluation, SPF_MATCH_PERMERROR,
              SPF_STRINGS("in the record of ", evaluation->domain, ", ", shown, ": ", problem));
  return SPF_PERMERROR;
}

/* Goes through all terms, since an error anywhere is an error (4.6), and finds the modifiers. */
static spf_result_t parse_record(spf_evaluation_t *evaluation, record_t *record) {
  spf_string_t rest = record->terms;
  spf_term_t term;
  char const *problem;
  int result;
  while ((result = spf_term_next(&term, &rest, &problem)) > 0) {
    if (term.kind != SPF_REDIRECT && term.kind != SPF_EXP) continue;
    spf_term_t *modifier = term.kind == SPF_EXP ? &record->exp : &record->redirect;
    if (modifier->text.len) return report_syntax(evaluation, &term, "it is there twice");
    *modifier = term;
  }
  return result < 0 ? report_syntax(evaluation, &term, problem) : SPF_NEUTRAL;
}

/* ---- its evaluation ------------------------------------------------------------------------ */

static spf_result_t check_host(spf_evaluation_t *evaluation, char const *domain);

/* 5.2 */
static spf_match_t match_include(spf_evaluation_t *evaluation, spf_term_t const *term) {
  static spf_match_t const matches[SPF_RESULTS] = {[SPF_PASS] = SPF_MATCH,
                                                   [SPF_TEMPERROR] = SPF_MATCH_TEMPERROR,
                                                   [SPF_PERMERROR] = SPF_MATCH_PERMERROR,
                                                   [SPF_NONE] = SPF_MATCH_PERMERROR};
  char const *domain = evaluation->domain;
  char target[DNS_NAME_MAX + 1];
  spf_match_t match = spf_count_lookup(evaluation);
  if (match == SPF_NO_MATCH) match = spf_target(evaluation, target, term);
  if (match == SPF_NO_MATCH)
    return spf_problem(evaluation, SPF_MATCH_PERMERROR,
                       SPF_STRINGS("an include of ", domain, " has no name"));
  if (match != SPF_MATCH) return match;
  evaluation->depth++;
  match = matches[check_host(evaluation, target)];
  evaluation->depth--;
  evaluation->domain = domain;
  return match;
}

static spf_match_t match_term(spf_evaluation_t *evaluation, spf_term_t const *term) {
  static spf_match_t (*const functions[SPF_MECHANISMS])(spf_evaluation_t *, spf_term_t const *) = {
      [SPF_ALL] = spf_match_all,     [SPF_INCLUDE] = match_include,  [SPF_A] = spf_match_a,
      [SPF_MX] = spf_match_mx,       [SPF_PTR] = spf_match_ptr,      [SPF_IP4] = spf_match_network,
      [SPF_IP6] = spf_match_network, [SPF_EXISTS] = spf_match_exists};
  return functions[term->kind](evaluation, term);
}

static void trace_match(spf_evaluation_t const *evaluation, spf_term_t const *term,
                        spf_match_t match) {
  static char const *const outcomes[] = {[SPF_NO_MATCH] = "no match",
                                         [SPF_MATCH] = "matches: ",
                                         [SPF_MATCH_TEMPERROR] = "temperror",
                                         [SPF_MATCH_PERMERROR] = "permerror"};
  char shown[SPF_TERM_MAX + 1], counts[64];
  if (!evaluation->query->trace) return;
  spf_text_t text = spf_text(shown, sizeof shown), numbers = spf_text(counts, sizeof counts);
  spf_text_put(&text, term->text.s, term->text.len);
  spf_text_puts(&numbers, " (lookups ");
  spf_text_uint(&numbers, evaluation->report->lookups);
  spf_text_puts(&numbers, ", void ");
  spf_text_uint(&numbers, evaluation->report->voids);
  spf_text_puts(&numbers, ")");
  spf_trace(evaluation,
            SPF_STRINGS(shown, ": ", outcomes[match],
                        match == SPF_MATCH ? spf_result_name(term->result) : "", counts));
}

/* What decided is reported of the outermost record alone: includes are terms of it. */
static void report_term(spf_evaluation_t *evaluation, spf_string_t term) {
  spf_report_t *report = evaluation->report;
  if (evaluation->depth) return;
  spf_text_t mechanism = spf_text(report->mechanism, sizeof report->mechanism);
  spf_text_put(&mechanism, term.s, term.len);
  strcpy(report->record, evaluation->domain);
}

/* Tries the directives from left to right (4.6.2). SPF_NONE: none of them matches. */
static spf_result_t try_directives(spf_evaluation_t *evaluation, record_t const *record) {
  spf_string_t rest = record->terms;
  spf_term_t term;
  char const *problem;
  while (spf_term_next(&term, &rest, &problem) > 0) {
    if (term.kind >= SPF_MECHANISMS) continue;
    spf_match_t match = match_term(evaluation, &term);
    trace_match(evaluation, &term, match);
    if (match == SPF_MATCH_TEMPERROR) return SPF_TEMPERROR;
    if (match == SPF_MATCH_PERMERROR) return SPF_PERMERROR;
    if (match == SPF_NO_MATCH) continue;
    report_term(evaluation, term.text);
    return term.result;
  }
  return SPF_NONE;
}

/* Finds the name that redirect= leads to (6.1). SPF_NEUTRAL: target has it. */
static spf_result_t redirect(spf_evaluation_t *evaluation, char target[DNS_NAME_MAX + 1],
                             spf_term_t const *term) {
  spf_match_t match = spf_count_lookup(evaluation);
  if (match == SPF_NO_MATCH) match = spf_target(evaluation, target, term);
  if (match == SPF_MATCH) {
    spf_trace(evaluation, SPF_STRINGS("redirect to ", target));
    return SPF_NEUTRAL;
  }
  spf_problem(evaluation, match,
              SPF_STRINGS("the redirect of ", evaluation->domain, " has no name"));
  return SPF_PERMERROR;
}

/* Evaluates one record. SPF_NONE: it decides nothing, and evaluation goes on at target. */
static spf_result_t check_record(spf_evaluation_t *evaluation, record_t *record,
                                 char target[DNS_NAME_MAX + 1]) {
  static spf_string_t const preset = {.s = "default", .len = 7};
  spf_result_t result = parse_record(evaluation, record);
  if (result != SPF_NEUTRAL) return result;
  spf_prefetch_terms(evaluation, record->terms);
  result = try_directives(evaluation, record);
  if (result != SPF_NONE) return result;
  if (record->redirect.text.len) {
    result = redirect(evaluation, target, &record->redirect);
    return result == SPF_NEUTRAL ? SPF_NONE : result;
  }
  report_term(evaluation, preset);
  return SPF_NEUTRAL;
}

static void trace_record(spf_evaluation_t const *evaluation, spf_string_t terms) {
  char shown[600];
  if (!evaluation->query->trace) return;
  spf_text_t text = spf_text(shown, sizeof shown);
  spf_text_put(&text, terms.s, terms.len);
  spf_trace(evaluation, SPF_STRINGS(evaluation->domain, ": v=spf1", shown));
}

/* domain is the caller's, and evaluation->domain is not the same when it returns. */
static spf_result_t check_host(spf_evaluation_t *evaluation, char const *domain) {
  char names[2][DNS_NAME_MAX + 1]; /* the record at hand, and where it redirects to */
  bool is_redirected = false;
  spf_result_t result;
  evaluation->domain = domain;
  for (unsigned int next = 0;; next = !next) {
    record_t record = {.redirect = {.text = {.len = 0}}};
    result = find_record(evaluation, &record.terms);
    if (result == SPF_NONE && is_redirected) result = SPF_PERMERROR;
    if (result != SPF_NEUTRAL) break;
    trace_record(evaluation, record.terms);
    result = check_record(evaluation, &record, names[next]);
    if (result == SPF_FAIL && !evaluation->depth && record.exp.text.len)
      spf_explain(evaluation, &record.exp);
    if (result != SPF_NONE) break;
    evaluation->domain = names[next];
    is_redirected = true;
  }
  return result;
}

spf_result_t spf_check(spf_report_t *report, dns_resolver_t *resolver, spf_query_t const *query) {
  spf_evaluation_t evaluation = {.resolver = resolver, .query = query, .report = report};
  char const *helo = query->helo ? query->helo : "", *sender = query->sender ? query->sender : "";
  *report = (spf_report_t){.result = SPF_NONE};
  if (strlen(helo) > SPF_SENDER_MAX || strlen(sender) > SPF_SENDER_MAX) {
    spf_problem(&evaluation, SPF_NO_MATCH, SPF_STRINGS("HELO or sender is too long"));
    return SPF_NONE;
  }
  if (!spf_begin(&evaluation, helo, sender)) return SPF_NONE;
  report->result = check_host(&evaluation, report->domain);
  spf_trace(&evaluation, SPF_STRINGS("result: ", spf_result_name(report->result)));
  return report->result;
}

char const *spf_result_name(spf_result_t result) {
  static char const *const names[SPF_RESULTS] = {
      [SPF_NONE] = "none",          [SPF_NEUTRAL] = "neutral",   [SPF_PASS] = "pass",
      [SPF_FAIL] = "fail",          [SPF_SOFTFAIL] = "softfail", [SPF_TEMPERROR] = "temperror",
      [SPF_PERMERROR] = "permerror"};
  return names[result];
}
