/* A destination, a NUL, and what the DNS says: whoever runs it names as many hosts, of as many
 * addresses, as there are bytes. What is found is within the caps, no address comes twice, and a
 * domain's mail does not come back to us. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mx/mx.h"
#include "net/net.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

#define RECORDS 64

typedef struct script {
  dns_resolver_t resolver;
  uint8_t const *data;
  size_t size;
  unsigned int used;
  int round; /* some answers come late; those that came stay */
  dns_record_t records[4][RECORDS];
  char names[RECORDS][8];
  dns_answer_t answers[4];
} script_t;

/* The bytes for a question begin where its name and type say: the same question has the same
   answer. */
static size_t start_of(script_t const *script, char const *name, dns_type_t type) {
  size_t hash = type;
  for (; *name; name++) hash = hash * 31 + (unsigned char)*name;
  return script->size ? hash % script->size : 0;
}

static void fill(script_t *script, dns_record_t *record, char *name, dns_type_t type,
                 uint8_t byte) {
  static char const *const hosts[] = {"me.example", "a", "b", "", "c.d", "A", "255.example", "x"};
  char ip[16] = {0};
  (void)script;
  strcpy(name, byte & 8 ? "h0" : "");
  if (*name) name[1] = (char)('a' + byte % 16);
  *record = (dns_record_t){.preference = byte >> 5, .data = *name ? name : hosts[byte % 8]};
  record->len = strlen(record->data);
  ip[0] = byte & 1 ? 10 : 127;
  ip[3] = ip[15] = (char)byte;
  if (type == DNS_A) ip46_from_ip4(&record->ip, ip);
  if (type == DNS_AAAA) ip46_from_ip6(&record->ip, ip);
}

static dns_answer_t const *answer(dns_resolver_t *self, char const *name, dns_type_t type) {
  script_t *const script = (script_t *)self;
  unsigned int const slot = script->used++ % 4;
  dns_answer_t *const answer = &script->answers[slot];
  size_t const at = start_of(script, name, type);
  uint8_t const head = at < script->size ? script->data[at] : 0;
  *answer = (dns_answer_t){.status = head % 4, .records = script->records[slot]};
  if (head & 128 && script->round < head % 8) return NULL;
  if (answer->status != DNS_FOUND) return answer;
  for (size_t i = at + 1; i < script->size && answer->count <= (size_t)head / 4 % RECORDS; i++) {
    if (answer->count == RECORDS) break;
    fill(script, &script->records[slot][answer->count], script->names[answer->count], type,
         script->data[i]);
    answer->count++;
  }
  if (!answer->count) answer->status = DNS_NO_DATA;
  return answer;
}

static mx_self_t const self = {1, (char const *const[]){"me.example"}, "127.0.0.0/8"};

static void check_address(mx_list_t const *list, size_t at, bool domain) {
  mx_address_t const *const address = list->addresses + at;
  if (domain && (strcasecmp(address->host, "me.example") == 0 ||
                 net_list_contains(self.networks, &address->ip) > 0))
    abort();
  for (size_t i = 0; i < at; i++)
    if (ip46_is6(&list->addresses[i].ip) == ip46_is6(&address->ip) &&
        !memcmp(list->addresses[i].ip.ip, address->ip.ip, ip46_is6(&address->ip) ? 16 : 4))
      abort();
}

static void find(mx_destination_t const *destination, uint8_t const *data, size_t size) {
  static script_t script;
  static mx_list_t list;
  chain_verdict_t verdict = {0};
  mx_status_t status = MX_BUSY;
  script = (script_t){.resolver = {.get = answer, .peek = answer}, .data = data, .size = size};
  for (; status == MX_BUSY && script.round < 8; script.round++)
    status = mx_find(&list, destination, &self, &script.resolver, size, &verdict);
  if (status == MX_FOUND && !list.count) abort();
  if (status == MX_FAILED && (!*verdict.enhanced || !*verdict.text)) abort();
  if (status == MX_BUSY) abort();
  if (list.count > MX_ADDRESSES_MAX) abort();
  for (size_t i = 0; status == MX_FOUND && i < list.count; i++)
    check_address(&list, i, destination->kind == MX_DOMAIN);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  mx_destination_t destination;
  size_t const len = strnlen((char const *)data, size);
  if (len == size || len > 400) return 0;
  if (mx_destination_parse(&destination, (char const *)data, 25) < 0) return 0;
  if (!destination.port || !*destination.host) abort();
  find(&destination, data + len + 1, size - len - 1);
  return 0;
}
