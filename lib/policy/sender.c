#include <string.h>

#include "policy/policy.h"

static bool is_found(dns_answer_t const *answer) {
  return answer->status == DNS_FOUND && answer->count;
}

/* RFC 7505: one MX, for the root. */
static bool is_null_mx(dns_answer_t const *answer) {
  return answer->count == 1 && !answer->records[0].len;
}

/* Without MX records a domain's addresses take its mail (RFC 5321 5.1). */
static sender_result_t check_addresses(dns_resolver_t *resolver, char const *domain) {
  dns_prefetch(resolver, domain, DNS_A);
  dns_prefetch(resolver, domain, DNS_AAAA);
  dns_answer_t const *v4 = dns_get(resolver, domain, DNS_A);
  if (is_found(v4)) return SENDER_ADDRESS;
  dns_answer_t const *v6 = dns_get(resolver, domain, DNS_AAAA);
  if (is_found(v6)) return SENDER_ADDRESS;
  if (v4->status == DNS_TROUBLE || v6->status == DNS_TROUBLE) return SENDER_TEMPERROR;
  return SENDER_UNKNOWN;
}

static sender_result_t check_domain(dns_resolver_t *resolver, char const *domain) {
  dns_answer_t const *answer = dns_get(resolver, domain, DNS_MX);
  if (answer->status == DNS_TROUBLE) return SENDER_TEMPERROR;
  if (is_found(answer)) return is_null_mx(answer) ? SENDER_NULLMX : SENDER_MX;
  if (answer->status != DNS_NO_DATA && answer->status != DNS_FOUND) return SENDER_UNKNOWN;
  return check_addresses(resolver, domain);
}

sender_result_t sender_check(dns_resolver_t *resolver, char const *sender) {
  char domain[DNS_NAME_MAX + 1];
  if (!*sender) return SENDER_NULL;
  char const *at = strrchr(sender, '@');
  if (!at) return SENDER_UNKNOWN;
  if (at[1] == '[') return SENDER_LITERAL;
  if (dns_name_to_ascii(domain, at + 1, strlen(at + 1)) < 0) return SENDER_UNKNOWN;
  return check_domain(resolver, domain);
}
