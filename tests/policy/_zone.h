/* A resolver over a table, for the unit tests of this folder. */
#ifndef TESTS_POLICY_ZONE_H
#define TESTS_POLICY_ZONE_H

#include <arpa/inet.h>
#include <string.h>

#include "dns/dns.h"

#define ZONE_RECORDS 16

/* One record, or with a status that is not DNS_FOUND what a question for it comes to. What is not
   in the table is not there. */
typedef struct zone_record {
  char const *name;
  dns_type_t type;
  dns_status_t status;
  char const *data; /* an address as text, or a name or text */
} zone_record_t;

typedef struct zone {
  dns_resolver_t resolver; /* first: the resolver is the zone */
  zone_record_t const *records;
  size_t count;
  unsigned int prefetched, got;
  dns_record_t found[8][ZONE_RECORDS]; /* of the last answers */
  dns_answer_t answers[8];
} zone_t;

static inline void zone_set(dns_record_t *to, zone_record_t const *from) {
  char bytes[16];
  *to = (dns_record_t){.data = from->data, .len = strlen(from->data)};
  if (from->type == DNS_A && inet_pton(AF_INET, from->data, bytes) == 1)
    ip46_from_ip4(&to->ip, bytes);
  if (from->type == DNS_AAAA && inet_pton(AF_INET6, from->data, bytes) == 1)
    ip46_from_ip6(&to->ip, bytes);
}

static inline dns_answer_t const *zone_get(dns_resolver_t *self, char const *name,
                                           dns_type_t type) {
  zone_t *zone = (zone_t *)self;
  unsigned int const slot = zone->got++ % 8;
  dns_answer_t *answer = &zone->answers[slot];
  *answer = (dns_answer_t){.status = DNS_NO_NAME, .records = zone->found[slot]};
  for (size_t i = 0; i < zone->count; i++) {
    zone_record_t const *record = &zone->records[i];
    if (strcasecmp(record->name, name)) continue;
    if (answer->status == DNS_NO_NAME) answer->status = DNS_NO_DATA;
    if (record->type != type) continue;
    answer->status = record->status;
    if (record->status == DNS_FOUND && answer->count < ZONE_RECORDS)
      zone_set(&zone->found[slot][answer->count++], record);
  }
  return answer;
}

static inline void zone_prefetch(dns_resolver_t *self, char const *name, dns_type_t type) {
  (void)name, (void)type;
  ((zone_t *)self)->prefetched++;
}

static inline dns_resolver_t *zone_init(zone_t *zone, zone_record_t const *records, size_t count) {
  *zone = (zone_t){
      .resolver = {.prefetch = zone_prefetch, .get = zone_get}, .records = records, .count = count};
  return &zone->resolver;
}

#endif
