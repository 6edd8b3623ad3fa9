/* A resolver over recorded zones: what a test says is there is there, and nothing else. */
#ifndef TESTS_SPF_ZONE_H
#define TESTS_SPF_ZONE_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns/dns.h"

typedef struct zone_record {
  struct zone_record *next;
  char *name;
  dns_type_t type; /* 0: the name is there, no more; see also is_timeout */
  bool is_timeout; /* types without a record at this name get no answer */
  dns_record_t record;
  char *data; /* the record's */
} zone_record_t;

typedef struct zone_answer {
  struct zone_answer *next;
  char *name;
  dns_type_t type;
  dns_answer_t answer;
  dns_record_t *records; /* the answer's */
} zone_answer_t;

typedef struct zone {
  dns_resolver_t resolver; /* the first member */
  zone_record_t *records, **last;
  zone_answer_t *answers;
  unsigned int asked; /* questions that were not remembered */
} zone_t;

static inline void *zone_allocate(size_t size) {
  void *block = calloc(1, size);
  if (!block) abort();
  return block;
}

static inline char *zone_copy(char const *s, size_t len) {
  char *copy = zone_allocate(len + 1);
  memcpy(copy, s, len);
  return copy;
}

static inline size_t zone_name_len(char const *name) {
  size_t len = strlen(name);
  return len && name[len - 1] == '.' ? len - 1 : len;
}

static inline zone_record_t *zone_add(zone_t *zone, char const *name, dns_type_t type) {
  zone_record_t *record = zone_allocate(sizeof *record);
  record->name = zone_copy(name, zone_name_len(name));
  record->type = type;
  *zone->last = record;
  zone->last = &record->next;
  return record;
}

static inline void zone_add_timeout(zone_t *zone, char const *name) {
  zone_add(zone, name, (dns_type_t)0)->is_timeout = true;
}

static inline void zone_address(ip46 *ip, char const *s) {
  char bytes[16];
  bool is6 = strchr(s, ':') != NULL;
  if (inet_pton(is6 ? AF_INET6 : AF_INET, s, bytes) != 1) abort();
  ip46_from_ip(ip, bytes, is6);
}

/* data: an address as text, or a name, or a text of len bytes. */
static inline void zone_add_data(zone_t *zone, char const *name, dns_type_t type, char const *data,
                                 size_t len, unsigned int preference) {
  zone_record_t *added = zone_add(zone, name, type);
  dns_record_t *record = &added->record;
  record->preference = (uint16_t)preference;
  if (type == DNS_A || type == DNS_AAAA) {
    zone_address(&record->ip, data);
    return;
  }
  record->len = type == DNS_TXT ? len : zone_name_len(data);
  record->data = added->data = zone_copy(data, record->len);
}

static inline dns_type_t zone_type(char const *name) {
  static struct {
    char const *name;
    dns_type_t type;
  } const types[] = {{"A", DNS_A},     {"AAAA", DNS_AAAA}, {"CNAME", DNS_CNAME},   {"MX", DNS_MX},
                     {"TXT", DNS_TXT}, {"PTR", DNS_PTR},   {"SPF", (dns_type_t)99}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(types[i].name, name) == 0) return types[i].type;
  fprintf(stderr, "zone: no type %s\n", name);
  abort();
}

static inline zone_record_t const *zone_next(zone_record_t const *record, char const *name,
                                             dns_type_t type) {
  while (record && (record->type != type || strcasecmp(record->name, name) != 0))
    record = record->next;
  return record;
}

/* Follows CNAMEs; NULL for a loop. */
static inline char const *zone_canonical(zone_t const *zone, char const *name) {
  for (unsigned int steps = 0; steps < 16; steps++) {
    zone_record_t const *alias = zone_next(zone->records, name, DNS_CNAME);
    if (!alias) return name;
    name = alias->record.data;
  }
  return NULL;
}

static inline dns_status_t zone_status(zone_t const *zone, char const *name) {
  dns_status_t status = DNS_NO_NAME;
  for (zone_record_t const *record = zone->records; record; record = record->next) {
    if (strcasecmp(record->name, name) != 0) continue;
    if (record->is_timeout) return DNS_TROUBLE;
    status = DNS_NO_DATA;
  }
  return status;
}

static inline void zone_fill(zone_t const *zone, zone_answer_t *known, char const *name,
                             dns_type_t type) {
  dns_answer_t *answer = &known->answer;
  size_t count = 0;
  name = zone_canonical(zone, name);
  answer->status = DNS_TROUBLE;
  if (!name) return;
  for (zone_record_t const *at = zone->records; (at = zone_next(at, name, type)); at = at->next)
    count++;
  answer->status = count ? DNS_FOUND : zone_status(zone, name);
  if (!count) return;
  dns_record_t *records = known->records = zone_allocate(count * sizeof *records);
  for (zone_record_t const *at = zone->records; (at = zone_next(at, name, type)); at = at->next)
    records[answer->count++] = at->record;
  answer->records = records;
}

static inline dns_answer_t const *zone_get(dns_resolver_t *self, char const *name,
                                           dns_type_t type) {
  zone_t *zone = (zone_t *)self;
  for (zone_answer_t *known = zone->answers; known; known = known->next)
    if (known->type == type && strcmp(known->name, name) == 0) return &known->answer;
  zone_answer_t *answer = zone_allocate(sizeof *answer);
  answer->name = zone_copy(name, strlen(name));
  answer->type = type;
  answer->next = zone->answers;
  zone->answers = answer;
  zone->asked++;
  zone_fill(zone, answer, name, type);
  return &answer->answer;
}

static inline void zone_begin(zone_t *zone) {
  *zone = (zone_t){.resolver = {.get = zone_get}};
  zone->last = &zone->records;
}

static inline void zone_end(zone_t *zone) {
  for (zone_record_t *record = zone->records, *next; record; record = next) {
    next = record->next;
    free(record->name);
    free(record->data);
    free(record);
  }
  for (zone_answer_t *answer = zone->answers, *next; answer; answer = next) {
    next = answer->next;
    free(answer->name);
    free(answer->records);
    free(answer);
  }
  zone_begin(zone);
}

#endif
