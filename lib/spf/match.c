#include <string.h>

#include "spf/evaluation.h"

spf_match_t spf_target(spf_evaluation_t *evaluation, char name[DNS_NAME_MAX + 1],
                       spf_term_t const *term) {
  if (!term->domain.len) {
    strcpy(name, evaluation->domain);
    return SPF_MATCH;
  }
  bool is_name = spf_domain_expand(name, term->domain, spf_macro_value, evaluation);
  if (evaluation->report->lookups > SPF_LOOKUPS_MAX) return spf_too_many_lookups(evaluation);
  return is_name ? SPF_MATCH : SPF_NO_MATCH;
}

/* Counts the lookup and finds its target. SPF_MATCH: go on with it. */
static spf_match_t begin_lookup(spf_evaluation_t *evaluation, char target[DNS_NAME_MAX + 1],
                                spf_term_t const *term) {
  spf_match_t counted = spf_count_lookup(evaluation);
  return counted == SPF_NO_MATCH ? spf_target(evaluation, target, term) : counted;
}

static unsigned int bits_of(spf_evaluation_t const *evaluation, spf_term_t const *term) {
  return ip46_is6(&evaluation->ip) ? term->bits6 : term->bits;
}

/* True if an address of name lies in the same network as the client. */
static spf_match_t match_addresses(spf_evaluation_t *evaluation, char const *name,
                                   unsigned int bits) {
  dns_answer_t const *answer;
  spf_match_t match = spf_ask_for_term(evaluation, &answer, name, spf_address_type(evaluation));
  if (match != SPF_MATCH) return match;
  for (size_t i = 0; i < answer->count; i++)
    if (spf_address_matches(evaluation, &answer->records[i].ip, bits)) return SPF_MATCH;
  return SPF_NO_MATCH;
}

spf_match_t spf_match_all(spf_evaluation_t *evaluation, spf_term_t const *term) {
  (void)evaluation;
  (void)term;
  return SPF_MATCH;
}

spf_match_t spf_match_a(spf_evaluation_t *evaluation, spf_term_t const *term) {
  char target[DNS_NAME_MAX + 1];
  spf_match_t match = begin_lookup(evaluation, target, term);
  if (match != SPF_MATCH) return match;
  return match_addresses(evaluation, target, bits_of(evaluation, term));
}

static spf_match_t match_exchanges(spf_evaluation_t *evaluation, dns_answer_t const *exchanges,
                                   unsigned int bits) {
  dns_type_t type = spf_address_type(evaluation);
  for (size_t i = 1; i < exchanges->count; i++)
    dns_prefetch(evaluation->resolver, exchanges->records[i].data, type);
  for (size_t i = 0; i < exchanges->count; i++) {
    char const *name = exchanges->records[i].data;
    if (!*name) continue; /* null MX, RFC 7505 */
    spf_match_t match = match_addresses(evaluation, name, bits);
    if (match != SPF_NO_MATCH) return match;
  }
  return SPF_NO_MATCH;
}

/* More names than may be asked are an error whether or not the first ones match: the order of an
   answer is nobody's choice, and a result must not depend on it. */
spf_match_t spf_match_mx(spf_evaluation_t *evaluation, spf_term_t const *term) {
  char target[DNS_NAME_MAX + 1];
  dns_answer_t const *exchanges;
  spf_match_t match = begin_lookup(evaluation, target, term);
  if (match == SPF_MATCH) match = spf_ask_for_term(evaluation, &exchanges, target, DNS_MX);
  if (match != SPF_MATCH) return match;
  if (exchanges->count > SPF_NAMES_MAX)
    return spf_problem(evaluation, SPF_MATCH_PERMERROR,
                       SPF_STRINGS("more than 10 MX records at ", target));
  return match_exchanges(evaluation, exchanges, bits_of(evaluation, term));
}

/* Only names under the target are validated: others could not match. */
spf_match_t spf_match_ptr(spf_evaluation_t *evaluation, spf_term_t const *term) {
  char target[DNS_NAME_MAX + 1];
  spf_match_t match = begin_lookup(evaluation, target, term);
  if (match != SPF_MATCH) return match;
  spf_find_client_names(evaluation);
  spf_client_name_t *names = evaluation->client_names;
  for (size_t i = 0; i < evaluation->client_names_count; i++)
    if (spf_name_is_under(names[i].name, target))
      dns_prefetch(evaluation->resolver, names[i].name, spf_address_type(evaluation));
  for (size_t i = 0; i < evaluation->client_names_count; i++)
    if (spf_name_is_under(names[i].name, target) && spf_validate_client_name(evaluation, names + i))
      return SPF_MATCH;
  return SPF_NO_MATCH;
}

spf_match_t spf_match_network(spf_evaluation_t *evaluation, spf_term_t const *term) {
  return spf_address_matches(evaluation, &term->ip, term->bits) ? SPF_MATCH : SPF_NO_MATCH;
}

/* A is asked for whatever the client's address is (5.7). */
spf_match_t spf_match_exists(spf_evaluation_t *evaluation, spf_term_t const *term) {
  char target[DNS_NAME_MAX + 1];
  dns_answer_t const *answer;
  spf_match_t match = begin_lookup(evaluation, target, term);
  return match == SPF_MATCH ? spf_ask_for_term(evaluation, &answer, target, DNS_A) : match;
}

/* ---- asking ahead -------------------------------------------------------------------------- */

static void prefetch_term(spf_evaluation_t *evaluation, spf_term_t const *term, dns_type_t type) {
  char target[DNS_NAME_MAX + 1];
  if (term->domain.len && memchr(term->domain.s, '%', term->domain.len)) return;
  if (spf_target(evaluation, target, term) != SPF_MATCH) return;
  dns_prefetch(evaluation->resolver, target, type);
  evaluation->prefetched++;
}

/* A term that matches without asking makes those behind it idle. */
static bool settles(spf_evaluation_t const *evaluation, spf_term_t const *term) {
  if (term->kind == SPF_ALL) return true;
  return (term->kind == SPF_IP4 || term->kind == SPF_IP6) &&
         spf_address_matches(evaluation, &term->ip, term->bits);
}

void spf_prefetch_terms(spf_evaluation_t *evaluation, spf_string_t terms) {
  dns_type_t types[SPF_KINDS] = {[SPF_INCLUDE] = DNS_TXT,
                                 [SPF_A] = spf_address_type(evaluation),
                                 [SPF_MX] = DNS_MX,
                                 [SPF_EXISTS] = DNS_A,
                                 [SPF_REDIRECT] = DNS_TXT};
  spf_term_t term;
  char const *problem;
  if (!evaluation->resolver->prefetch) return;
  while (evaluation->prefetched < SPF_LOOKUPS_MAX && spf_term_next(&term, &terms, &problem) > 0) {
    if (settles(evaluation, &term)) return;
    if (types[term.kind]) prefetch_term(evaluation, &term, types[term.kind]);
  }
}
