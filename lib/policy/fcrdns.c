#include <string.h>

#include "policy/policy.h"
#include "smtp/smtp.h"

static dns_type_t address_type(ip46 const *ip) {
  return ip46_is6(ip) ? DNS_AAAA : DNS_A;
}

static bool has_address(dns_answer_t const *answer, ip46 const *ip) {
  for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++)
    if (!memcmp(answer->records[i].ip.ip, ip->ip, ip46_is6(ip) ? 16 : 4)) return true;
  return false;
}

/* Whoever has the reverse zone can put any bytes there. */
static bool is_name(dns_record_t const *record) {
  return record->len <= DNS_NAME_MAX && smtp_domain_valid(record->data, record->len, SMTP_ASCII);
}

static fcrdns_result_t confirm(char *name, dns_resolver_t *resolver, dns_record_t const *names,
                               size_t count, ip46 const *ip) {
  fcrdns_result_t result = FCRDNS_FAIL;
  for (size_t i = 0; i < count; i++)
    if (is_name(&names[i])) dns_prefetch(resolver, names[i].data, address_type(ip));
  for (size_t i = 0; i < count; i++) {
    if (!is_name(&names[i])) continue;
    dns_answer_t const *answer = dns_get(resolver, names[i].data, address_type(ip));
    if (answer->status == DNS_TROUBLE) result = FCRDNS_TEMPERROR;
    if (!has_address(answer, ip)) continue;
    memcpy(name, names[i].data, names[i].len + 1);
    return FCRDNS_PASS;
  }
  return result;
}

fcrdns_result_t fcrdns_check(char name[DNS_NAME_MAX + 1], dns_resolver_t *resolver,
                             ip46 const *ip) {
  char reverse[DNS_NAME_MAX + 1];
  *name = 0;
  if (dns_reverse_name(reverse, ip, NULL) < 0) return FCRDNS_PERMERROR;
  dns_answer_t const *answer = dns_get(resolver, reverse, DNS_PTR);
  if (answer->status == DNS_TROUBLE) return FCRDNS_TEMPERROR;
  if (answer->status != DNS_FOUND) return FCRDNS_PERMERROR;
  size_t count = answer->count < FCRDNS_NAMES_MAX ? answer->count : FCRDNS_NAMES_MAX;
  return confirm(name, resolver, answer->records, count, ip);
}
