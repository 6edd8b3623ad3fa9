/* One evaluation of check_host(), shared by the files that carry it out. */
#ifndef CHAINMAIL_SPF_EVALUATION_H
#define CHAINMAIL_SPF_EVALUATION_H

#include <arpa/inet.h>

#include "spf/record.h"

/* A name from the client's PTR records. */
typedef struct spf_client_name {
  char const *name;
  enum { SPF_NAME_UNKNOWN, SPF_NAME_VALID, SPF_NAME_INVALID } state;
} spf_client_name_t;

typedef struct spf_evaluation {
  dns_resolver_t *resolver;
  spf_query_t const *query;
  spf_report_t *report;
  unsigned int depth;
  unsigned int prefetched;
  char const *domain; /* <domain>: whose record is at hand */
  ip46 ip;            /* <ip>, unmapped */
  bool is_explaining; /* lookups no longer count */
  bool has_utf8_local;
  bool has_client_names;
  size_t client_names_count;
  spf_client_name_t client_names[SPF_NAMES_MAX];
  /* values of macros */
  spf_string_t local, sender_domain;
  char sender[2 * SPF_SENDER_MAX + DNS_NAME_MAX + 2];
  char helo[SPF_SENDER_MAX + 1];
  char ip_macro[2 * 32];          /* %{i} */
  char ip_text[INET6_ADDRSTRLEN]; /* %{c} */
  char now[24];                   /* %{t} */
} spf_evaluation_t;

/* What a step of an evaluation came to. */
typedef enum spf_match {
  SPF_NO_MATCH,
  SPF_MATCH,
  SPF_MATCH_TEMPERROR,
  SPF_MATCH_PERMERROR
} spf_match_t;

/* Fills in who is checked, and for which domain. False: there is none, and the report says why. */
bool spf_begin(spf_evaluation_t *evaluation, char const *helo, char const *sender);

/* Tells who looks on the strings, joined. */
void spf_trace(spf_evaluation_t const *evaluation, char const *const *strings);
/* Notes what is wrong, the strings, joined. The first problem stays. Returns match. */
spf_match_t spf_problem(spf_evaluation_t *evaluation, spf_match_t match,
                        char const *const *strings);

/* Asks. SPF_MATCH: *answer has records. */
spf_match_t spf_ask(spf_evaluation_t *evaluation, dns_answer_t const **answer, char const *name,
                    dns_type_t type);
/* The same for a term: an answer without records is a void lookup, of which there may be few, and
   no answer a problem. */
spf_match_t spf_ask_for_term(spf_evaluation_t *evaluation, dns_answer_t const **answer,
                             char const *name, dns_type_t type);

/* One more term that asks the DNS. SPF_NO_MATCH, or SPF_MATCH_PERMERROR: too many. */
spf_match_t spf_count_lookup(spf_evaluation_t *evaluation);
spf_match_t spf_too_many_lookups(spf_evaluation_t *evaluation);

/* A, or AAAA for an IPv6 client. */
dns_type_t spf_address_type(spf_evaluation_t const *evaluation);
bool spf_address_matches(spf_evaluation_t const *evaluation, ip46 const *ip, unsigned int bits);

/* The PTR records of the client, the first SPF_NAMES_MAX, asked for once. */
void spf_find_client_names(spf_evaluation_t *evaluation);
/* True if the name has the client's address (5.5). */
bool spf_validate_client_name(spf_evaluation_t *evaluation, spf_client_name_t *name);

/* The value of a macro's letter; data is the evaluation. */
spf_value_f spf_macro_value;

/* The name that a term of the record at hand is about: its domain-spec's, or <domain>. SPF_MATCH;
   SPF_NO_MATCH: there is no such name; SPF_MATCH_PERMERROR: its %{p} was one lookup too many. */
spf_match_t spf_target(spf_evaluation_t *evaluation, char name[DNS_NAME_MAX + 1],
                       spf_term_t const *term);

/* Directives but for include. */
spf_match_t spf_match_all(spf_evaluation_t *evaluation, spf_term_t const *term);
spf_match_t spf_match_a(spf_evaluation_t *evaluation, spf_term_t const *term);
spf_match_t spf_match_mx(spf_evaluation_t *evaluation, spf_term_t const *term);
spf_match_t spf_match_ptr(spf_evaluation_t *evaluation, spf_term_t const *term);
spf_match_t spf_match_network(spf_evaluation_t *evaluation, spf_term_t const *term);
spf_match_t spf_match_exists(spf_evaluation_t *evaluation, spf_term_t const *term);

/* Asks ahead for what the terms of a record will need, as far as no macros are in the way. */
void spf_prefetch_terms(spf_evaluation_t *evaluation, spf_string_t terms);

/* Fills in the explanation that exp names (6.2); any trouble leaves it empty. */
void spf_explain(spf_evaluation_t *evaluation, spf_term_t const *exp);

#endif
