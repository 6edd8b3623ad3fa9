#include <string.h>

#include "policy/policy.h"

/* Lists answer with addresses in 127/8; anything else is a parked or hijacked zone. 127.255.255.x
   is how large lists say that they do not serve this resolver, or that the question was wrong. */
static bool is_code(unsigned char const *code) {
  return code[0] == 127;
}

static bool is_error_code(unsigned char const *code) {
  return code[0] == 127 && code[1] == 255 && code[2] == 255;
}

static bool octets_have(dnsbl_octets_t const *octets, unsigned int octet) {
  return octets->bits[octet / 32] >> octet % 32 & 1;
}

static bool fits_pattern(dnsbl_list_t const *list, unsigned char const *code) {
  for (size_t i = 0; list->has_pattern && i < 4; i++)
    if (!octets_have(&list->pattern[i], code[i])) return false;
  return true;
}

static bool fits_mask(dnsbl_list_t const *list, unsigned char const *code) {
  uint32_t bits =
      (uint32_t)code[0] << 24 | (uint32_t)code[1] << 16 | (uint32_t)code[2] << 8 | code[3];
  return !list->mask || bits & list->mask;
}

static dnsbl_status_t judge_code(dnsbl_list_t const *list, ip46 const *ip) {
  unsigned char code[4];
  memcpy(code, ip->ip, sizeof code);
  if (is_error_code(code)) return DNSBL_REFUSED;
  if (!is_code(code) || !fits_pattern(list, code) || !fits_mask(list, code)) return DNSBL_CLEAR;
  return DNSBL_LISTED;
}

/* One answer that counts is a listing, whatever else there is. */
static dnsbl_status_t judge(dnsbl_list_t const *list, dns_answer_t const *answer, ip46 *code) {
  dnsbl_status_t status = DNSBL_CLEAR;
  if (answer->status == DNS_TROUBLE) return DNSBL_TROUBLE;
  for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++) {
    dnsbl_status_t one = judge_code(list, &answer->records[i].ip);
    if (one == DNSBL_CLEAR) continue;
    *code = answer->records[i].ip;
    status = one;
    if (status == DNSBL_LISTED) break;
  }
  return status;
}

void dnsbl_check(dnsbl_report_t *report, dns_resolver_t *resolver, dnsbl_list_t const *lists,
                 size_t count, ip46 const *ip) {
  char name[DNS_NAME_MAX + 1];
  report->score = 0;
  for (size_t i = 0; i < count; i++)
    if (dns_reverse_name(name, ip, lists[i].zone) == 0) dns_prefetch(resolver, name, DNS_A);
  for (size_t i = 0; i < count; i++) {
    report->status[i] = DNSBL_TROUBLE;
    if (dns_reverse_name(name, ip, lists[i].zone) < 0) continue;
    report->status[i] = judge(&lists[i], dns_get(resolver, name, DNS_A), &report->code[i]);
    if (report->status[i] == DNSBL_LISTED) report->score += lists[i].weight;
  }
}

void dnsbl_reason(char *out, size_t size, dns_resolver_t *resolver, dnsbl_list_t const *list,
                  ip46 const *ip) {
  char name[DNS_NAME_MAX + 1];
  *out = 0;
  if (dns_reverse_name(name, ip, list->zone) < 0) return;
  dns_answer_t const *answer = dns_get(resolver, name, DNS_TXT);
  if (answer->status == DNS_FOUND && answer->count)
    policy_printable(out, size, answer->records[0].data, answer->records[0].len);
}
