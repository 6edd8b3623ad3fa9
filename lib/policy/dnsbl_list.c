/* The notation of a DNS list: zone=127.0.0.[2..4;10]&0.0.0.6*2 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/types.h>

#include "policy/policy.h"
#include "smtp/smtp.h"

static bool take_byte(char const **s, char c) {
  if (**s != c) return false;
  ++*s;
  return true;
}

static bool take_octet(char const **s, unsigned int *octet) {
  size_t len = uint_scan(*s, octet);
  *s += len;
  return len && *octet <= 255;
}

static void add_octets(dnsbl_octets_t *octets, unsigned int from, unsigned int to) {
  for (; from <= to; from++) octets->bits[from / 32] |= UINT32_C(1) << from % 32;
}

/* One octet, or a range of them: "2..4". */
static bool take_range(char const **s, dnsbl_octets_t *octets) {
  unsigned int from, to;
  if (!take_octet(s, &from)) return false;
  to = from;
  if (take_byte(s, '.') && (!take_byte(s, '.') || !take_octet(s, &to) || to < from)) return false;
  add_octets(octets, from, to);
  return true;
}

/* An octet, or ranges in brackets. */
static bool take_octets(char const **s, dnsbl_octets_t *octets) {
  unsigned int octet;
  if (!take_byte(s, '[')) {
    if (!take_octet(s, &octet)) return false;
    add_octets(octets, octet, octet);
    return true;
  }
  do
    if (!take_range(s, octets)) return false;
  while (take_byte(s, ';'));
  return take_byte(s, ']');
}

static bool take_pattern(char const **s, dnsbl_list_t *list) {
  list->has_pattern = true;
  for (size_t i = 0; i < 4; i++)
    if ((i && !take_byte(s, '.')) || !take_octets(s, &list->pattern[i])) return false;
  return true;
}

static bool take_mask(char const **s, uint32_t *mask) {
  for (size_t i = 0; i < 4; i++) {
    unsigned int octet;
    if ((i && !take_byte(s, '.')) || !take_octet(s, &octet)) return false;
    *mask = *mask << 8 | octet;
  }
  return *mask;
}

static bool take_weight(char const **s, int *weight) {
  size_t len = int_scan(*s, weight);
  *s += len;
  return len && abs(*weight) <= DNSBL_WEIGHT_MAX;
}

static bool take_zone(char const **s, char *zone) {
  size_t len = strcspn(*s, "=&*");
  if (len > DNS_NAME_MAX || !smtp_domain_valid(*s, len, SMTP_ASCII)) return false;
  memcpy(zone, *s, len);
  zone[len] = 0;
  *s += len;
  return true;
}

int dnsbl_list_parse(dnsbl_list_t *list, char const *s) {
  *list = (dnsbl_list_t){.weight = 1};
  bool good = take_zone(&s, list->zone) && (!take_byte(&s, '=') || take_pattern(&s, list)) &&
              (!take_byte(&s, '&') || take_mask(&s, &list->mask)) &&
              (!take_byte(&s, '*') || take_weight(&s, &list->weight)) && !*s;
  return good ? 0 : (errno = EINVAL, -1);
}
