#include <string.h>

#include "spf/evaluation.h"

#define TRACE_MAX 1000 /* bytes of a line */

void spf_trace(spf_evaluation_t const *evaluation, char const *const *strings) {
  char line[TRACE_MAX];
  if (!evaluation->query->trace) return;
  spf_text_t text = spf_text(line, sizeof line);
  spf_text_join(&text, strings);
  evaluation->query->trace(evaluation->query->trace_data, evaluation->depth, line);
}

spf_match_t spf_problem(spf_evaluation_t *evaluation, spf_match_t match,
                        char const *const *strings) {
  spf_report_t *report = evaluation->report;
  if (*report->problem) return match;
  spf_text_t text = spf_text(report->problem, sizeof report->problem);
  spf_text_join(&text, strings);
  return match;
}

static char const *type_name(dns_type_t type) {
  switch (type) {
  case DNS_A: return "A";
  case DNS_AAAA: return "AAAA";
  case DNS_MX: return "MX";
  case DNS_PTR: return "PTR";
  case DNS_TXT: return "TXT";
  default: return "?";
  }
}

static void put_record(spf_text_t *text, dns_record_t const *record, dns_type_t type) {
  char address[IP46_FMT];
  spf_text_puts(text, " ");
  if (type == DNS_A || type == DNS_AAAA)
    spf_text_put(text, address, ip46_fmt(address, &record->ip));
  else
    spf_text_put(text, record->data, record->len);
}

static void trace_answer(spf_evaluation_t const *evaluation, char const *name, dns_type_t type,
                         dns_answer_t const *answer) {
  static char const *const outcomes[] = {[DNS_FOUND] = "",
                                         [DNS_NO_DATA] = " none",
                                         [DNS_NO_NAME] = " no such name",
                                         [DNS_TROUBLE] = " no answer",
                                         [DNS_BAD_NAME] = " not a name"};
  char line[TRACE_MAX];
  if (!evaluation->query->trace) return;
  spf_text_t text = spf_text(line, sizeof line);
  spf_text_puts(&text, outcomes[answer->status]);
  for (size_t i = 0; i < answer->count; i++) put_record(&text, answer->records + i, type);
  spf_trace(evaluation, SPF_STRINGS("asked ", type_name(type), " ", name, ":", line));
}

static spf_match_t count_void(spf_evaluation_t *evaluation, char const *name, dns_type_t type) {
  if (++evaluation->report->voids <= SPF_VOIDS_MAX) return SPF_NO_MATCH;
  return spf_problem(
      evaluation, SPF_MATCH_PERMERROR,
      SPF_STRINGS("too many lookups find nothing, the last is ", type_name(type), " of ", name));
}

spf_match_t spf_ask(spf_evaluation_t *evaluation, dns_answer_t const **answer, char const *name,
                    dns_type_t type) {
  *answer = dns_get(evaluation->resolver, name, type);
  trace_answer(evaluation, name, type, *answer);
  if ((*answer)->status == DNS_FOUND) return SPF_MATCH;
  return (*answer)->status == DNS_TROUBLE ? SPF_MATCH_TEMPERROR : SPF_NO_MATCH;
}

spf_match_t spf_ask_for_term(spf_evaluation_t *evaluation, dns_answer_t const **answer,
                             char const *name, dns_type_t type) {
  spf_match_t const match = spf_ask(evaluation, answer, name, type);
  if (match == SPF_MATCH_TEMPERROR)
    return spf_problem(evaluation, match,
                       SPF_STRINGS("no answer for ", type_name(type), " of ", name));
  bool const is_void = match == SPF_NO_MATCH && (*answer)->status != DNS_BAD_NAME;
  return is_void ? count_void(evaluation, name, type) : match;
}

spf_match_t spf_too_many_lookups(spf_evaluation_t *evaluation) {
  return spf_problem(evaluation, SPF_MATCH_PERMERROR,
                     SPF_STRINGS("more than 10 terms that ask the DNS"));
}

spf_match_t spf_count_lookup(spf_evaluation_t *evaluation) {
  if (++evaluation->report->lookups <= SPF_LOOKUPS_MAX) return SPF_NO_MATCH;
  return spf_too_many_lookups(evaluation);
}

dns_type_t spf_address_type(spf_evaluation_t const *evaluation) {
  return ip46_is6(&evaluation->ip) ? DNS_AAAA : DNS_A;
}

bool spf_address_matches(spf_evaluation_t const *evaluation, ip46 const *ip, unsigned int bits) {
  if (ip46_is6(ip) != ip46_is6(&evaluation->ip)) return false;
  uint8_t const *a = (uint8_t const *)ip->ip, *b = (uint8_t const *)evaluation->ip.ip;
  unsigned int whole = bits / 8, rest = bits % 8;
  if (memcmp(a, b, whole) != 0) return false;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}
