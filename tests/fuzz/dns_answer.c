/* A type, an answer: what is read from it holds together. */
#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static dns_type_t const types[] = {DNS_A,   DNS_AAAA, DNS_MX,    DNS_TXT,
                                   DNS_PTR, DNS_TLSA, DNS_CNAME, (dns_type_t)33};

static bool has_name(dns_type_t type) {
  return type == DNS_MX || type == DNS_PTR || type == DNS_CNAME;
}

static void check_record(dns_record_t const *record, dns_type_t type) {
  char name[DNS_NAME_MAX + 1];
  if (type == DNS_A || type == DNS_AAAA) {
    if (ip46_is6(&record->ip) != (type == DNS_AAAA)) abort();
    return;
  }
  if (record->data[record->len]) abort();
  if (!has_name(type)) return;
  if (strlen(record->data) != record->len || !dns_name_canonical(name, record->data)) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  dns_answer_t answer;
  if (!size || size > DNS_ANSWER_MAX) return 0;
  dns_type_t type = types[*data % (sizeof types / sizeof *types)];
  void *storage = dns_answer_read(&answer, data + 1, size - 1, "a.b", type);
  if ((answer.status == DNS_FOUND) != (answer.count > 0) || !storage != !answer.count) abort();
  if (answer.count > DNS_RECORDS_MAX || answer.status == DNS_BAD_NAME) abort();
  for (size_t i = 0; i < answer.count; i++) check_record(answer.records + i, type);
  free(storage);
  return 0;
}
