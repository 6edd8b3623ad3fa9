/* spf: may this address send for this domain? (RFC 7208, with RFC 8616 for internationalised mail)
 *
 * The evaluator asks nothing but a dns_resolver_t: with recorded zones behind it it needs no
 * network. It allocates nothing; what a domain can make it ask is bounded by the limits of
 * section 4.6.4.
 *
 *   spf_query_t query = {.ip = ip, .helo = "mx.example", .sender = "user@example.org"};
 *   spf_report_t report;
 *   spf_check(&report, resolver, &query); */
#ifndef CHAINMAIL_SPF_H
#define CHAINMAIL_SPF_H

#include <stdbool.h>
#include <stdint.h>

#include <skalibs/ip46.h>

#include "dns/dns.h"

#define SPF_LOOKUPS_MAX     10   /* terms that ask the DNS (RFC 7208 4.6.4) */
#define SPF_VOIDS_MAX       2    /* answers that hold nothing */
#define SPF_NAMES_MAX       10   /* names of one mx or ptr */
#define SPF_SENDER_MAX      1024 /* bytes of a sender or HELO; a longer one is SPF_NONE */
#define SPF_TERM_MAX        255  /* bytes of a term in a report; a longer one is cut */
#define SPF_EXPLANATION_MAX 500  /* bytes; a longer one is cut */
#define SPF_PROBLEM_MAX     400

typedef enum spf_result {
  SPF_NONE,
  SPF_NEUTRAL,
  SPF_PASS,
  SPF_FAIL,
  SPF_SOFTFAIL,
  SPF_TEMPERROR,
  SPF_PERMERROR,
  SPF_RESULTS
} spf_result_t;

/* "none", "neutral", "pass", "fail", "softfail", "temperror", "permerror" (section 2.6). */
char const *spf_result_name(spf_result_t result);

/* One step of an evaluation, in words, without a newline; printable ASCII. depth grows by one
   within an include or a redirect. */
typedef void spf_trace_f(void *data, unsigned int depth, char const *line);

typedef struct spf_query {
  ip46 ip;              /* of the client; a v4-mapped one is taken as IPv4 */
  char const *helo;     /* as it was said; "" or NULL if it was not */
  char const *sender;   /* "" or NULL: the HELO identity, as postmaster@helo (2.3, 2.4) */
  char const *receiver; /* our host's name, for %{r}; NULL: "unknown" */
  uint64_t now;         /* seconds since the epoch, for %{t} */
  spf_trace_f *trace;   /* NULL: nobody looks on */
  void *trace_data;
} spf_query_t;

typedef struct spf_report {
  spf_result_t result;
  bool of_helo;                     /* it was the HELO identity that was checked */
  char domain[DNS_NAME_MAX + 1];    /* that was checked, in A-labels; "" if there is none */
  char record[DNS_NAME_MAX + 1];    /* whose record decided: domain, or what it redirects to */
  char mechanism[SPF_TERM_MAX + 1]; /* the term that matched, as it stands in the record without
                                       its qualifier ("ip4:192.0.2.0/24", "all"), "default" if
                                       none did; "" without a result of the record's */
  char explanation[SPF_EXPLANATION_MAX + 1]; /* of SPF_FAIL: what the domain says, printable ASCII
                                                ('?' for other bytes); "" if it says nothing */
  char problem[SPF_PROBLEM_MAX + 1]; /* of none, temperror and permerror: what is wrong; printable
                                        ASCII */
  unsigned int lookups;              /* terms that asked the DNS, of SPF_LOOKUPS_MAX */
  unsigned int voids;                /* of SPF_VOIDS_MAX */
} spf_report_t;

/* check_host() of section 4. Fills report, and returns its result. query's strings are hostile. */
spf_result_t spf_check(spf_report_t *report, dns_resolver_t *resolver, spf_query_t const *query);

/* ---- lint ---------------------------------------------------------------------------------- */

typedef enum spf_severity {
  SPF_NOTE,    /* worth knowing */
  SPF_WARNING, /* works, but not as was meant, or not for long */
  SPF_ERROR    /* receivers see permerror, or no record */
} spf_severity_t;

char const *spf_severity_name(spf_severity_t severity);

/* One finding, in words: domain says whose record it is about. */
typedef void spf_finding_f(void *data, spf_severity_t severity, char const *domain,
                           char const *text);

typedef struct spf_lint {
  bool found;           /* there is a record */
  unsigned int lookups; /* that the worst case makes, those of includes and redirects as well */
  unsigned int voids;
  unsigned int findings[SPF_ERROR + 1]; /* how many of each severity */
} spf_lint_t;

/* Looks through a domain's record and those that it includes or redirects to, and tells each what
   it finds. Terms whose macros depend on the client cannot be followed, and it says so. */
void spf_lint(spf_lint_t *lint, dns_resolver_t *resolver, char const *domain, spf_finding_f *each,
              void *data);

#endif
