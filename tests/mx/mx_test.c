/* Destinations, and the hosts of a domain: zones without a network. */
#include <arpa/inet.h>
#include <strings.h>

#include "../unit.h"
#include "mx/mx.h"

/* ---- destinations ---- */

typedef struct destination_case {
  char const *text;
  int result;
  mx_kind_t kind;
  char const *host;
  unsigned int port;
} destination_case_t;

static destination_case_t const destinations[] = {
    {"example.org", 0, MX_DOMAIN, "example.org", 25},
    {"Example.ORG", 0, MX_DOMAIN, "example.org", 25},
    {"example.org.", 0, MX_DOMAIN, "example.org", 25},
    {"m\xc3\xbcnchen.example", 0, MX_DOMAIN, "xn--mnchen-3ya.example", 25},
    {"host.example:587", 0, MX_HOST, "host.example", 587},
    {"[host.example]", 0, MX_HOST, "host.example", 25},
    {"[host.example]:587", 0, MX_HOST, "host.example", 587},
    {"[192.0.2.1]", 0, MX_ADDRESS, "192.0.2.1", 25},
    {"[192.0.2.1]:24", 0, MX_ADDRESS, "192.0.2.1", 24},
    {"192.0.2.1:24", 0, MX_ADDRESS, "192.0.2.1", 24},
    {"[IPv6:2001:db8::1]", 0, MX_ADDRESS, "2001:db8::1", 25},
    {"[2001:db8::1]:465", 0, MX_ADDRESS, "2001:db8::1", 465},
    {"", -1, 0, NULL, 0},
    {".", -1, 0, NULL, 0},
    {"a..b", -1, 0, NULL, 0},
    {"a b", -1, 0, NULL, 0},
    {"host:", -1, 0, NULL, 0},
    {"host:0", -1, 0, NULL, 0},
    {"host:65536", -1, 0, NULL, 0},
    {"host:25x", -1, 0, NULL, 0},
    {":25", -1, 0, NULL, 0},
    {"[]", -1, 0, NULL, 0},
    {"[192.0.2.1", -1, 0, NULL, 0},
    {"[192.0.2.1]x", -1, 0, NULL, 0},
    {"[192.0.2.1]:", -1, 0, NULL, 0},
    {"2001:db8::1", -1, 0, NULL, 0},
    {"unix:/socket", -1, 0, NULL, 0},
};

static void test_destinations(void) {
  for (size_t i = 0; i < sizeof destinations / sizeof *destinations; i++) {
    destination_case_t const *want = destinations + i;
    mx_destination_t got;
    int result = mx_destination_parse(&got, want->text, 25);
    CHECK_INT(want->text, result, want->result);
    if (result < 0 || want->result < 0) continue;
    CHECK_INT("kind", got.kind, want->kind);
    CHECK_STR("host", got.host, want->host);
    CHECK_INT("port", got.port, want->port);
  }
}

/* ---- a resolver with recorded answers ---- */

#define ANSWER_MAX 40

typedef struct zone_record {
  char const *name;
  dns_type_t type;
  uint16_t preference;
  char const *data;
} zone_record_t;

static zone_record_t const zone[] = {
    {"plain.example", DNS_A, 0, "192.0.2.1"},
    {"d.example", DNS_MX, 20, "mx2.example"},
    {"d.example", DNS_MX, 10, "mx1.example"},
    {"mx1.example", DNS_A, 0, "192.0.2.1"},
    {"mx1.example", DNS_AAAA, 0, "2001:db8::1"},
    {"mx2.example", DNS_A, 0, "192.0.2.2"},
    {"mx3.example", DNS_A, 0, "192.0.2.3"},
    {"equal.example", DNS_MX, 10, "mx1.example"},
    {"equal.example", DNS_MX, 10, "mx2.example"},
    {"equal.example", DNS_MX, 10, "mx3.example"},
    {"null.example", DNS_MX, 0, ""},
    {"nearly.example", DNS_MX, 0, ""},
    {"nearly.example", DNS_MX, 10, "mx1.example"},
    {"nothing.example", DNS_TXT, 0, ""},
    {"nohost.example", DNS_MX, 10, "missing.example"},
    {"half.example", DNS_MX, 10, "trouble.example"},
    {"half.example", DNS_MX, 20, "mx2.example"},
    {"down.example", DNS_MX, 10, "trouble.example"},
    {"best.example", DNS_MX, 10, "ME.example"},
    {"best.example", DNS_MX, 20, "mx1.example"},
    {"backup.example", DNS_MX, 5, "mx2.example"},
    {"backup.example", DNS_MX, 10, "mx1.example"},
    {"backup.example", DNS_MX, 10, "me.example"},
    {"backup.example", DNS_MX, 20, "mx3.example"},
    {"address.example", DNS_MX, 10, "mx2.example"},
    {"address.example", DNS_MX, 20, "other.example"},
    {"address.example", DNS_MX, 30, "mx3.example"},
    {"other.example", DNS_A, 0, "198.51.100.7"},
    {"same.example", DNS_MX, 10, "mx1.example"},
    {"same.example", DNS_MX, 10, "MX1.example"},
    {"same.example", DNS_MX, 20, "twin.example"},
    {"twin.example", DNS_A, 0, "192.0.2.1"},
    {"twin.example", DNS_AAAA, 0, "::ffff:192.0.2.1"},
    {"many.example", DNS_MX, 1, "wide.example"},
    {"many.example", DNS_MX, 2, "mx2.example"},
};

typedef struct resolver {
  dns_resolver_t functions;
  unsigned int slow; /* how often each question is asked before it is answered */
  unsigned int asked;
  dns_answer_t answers[8];
  dns_record_t records[8][ANSWER_MAX];
} resolver_t;

static void set_record(dns_record_t *to, dns_type_t type, zone_record_t const *from) {
  char bytes[16];
  *to = (dns_record_t){.preference = from->preference, .data = from->data};
  to->len = strlen(from->data);
  if (type == DNS_A && inet_pton(AF_INET, from->data, bytes) == 1) ip46_from_ip4(&to->ip, bytes);
  if (type == DNS_AAAA && inet_pton(AF_INET6, from->data, bytes) == 1)
    ip46_from_ip6(&to->ip, bytes);
}

/* wide.example has 20 addresses of each family, far.example 40 hosts. */
static void add_made_up(dns_answer_t *answer, dns_record_t *records, char const *name,
                        dns_type_t type) {
  static char const *hosts[] = {"mx1.example", "mx2.example"};
  bool const wide = !strcmp(name, "wide.example"), far = !strcmp(name, "far.example");
  if (!wide && !far) return;
  if (wide && type != DNS_A && type != DNS_AAAA) return;
  if (far && type != DNS_MX) return;
  for (unsigned int i = 0; i < (wide ? 20u : 40u); i++) {
    char bytes[16] = {32, 1, 13, (char)184, [15] = (char)i};
    records[i] = (dns_record_t){.preference = (uint16_t)i, .data = hosts[i % 2], .len = 11};
    if (type == DNS_A) ip46_from_ip4(&records[i].ip, bytes + 12);
    if (type == DNS_AAAA) ip46_from_ip6(&records[i].ip, bytes);
    answer->count++;
  }
  answer->status = DNS_FOUND;
}

static dns_answer_t const *answer_of(dns_resolver_t *self, char const *name, dns_type_t type) {
  resolver_t *resolver = (resolver_t *)self;
  size_t const slot = resolver->asked++ % 8;
  dns_answer_t *answer = resolver->answers + slot;
  dns_record_t *records = resolver->records[slot];
  *answer = (dns_answer_t){.status = DNS_NO_NAME, .records = records};
  if (resolver->asked <= resolver->slow) return NULL;
  if (strstr(name, "trouble")) answer->status = DNS_TROUBLE;
  add_made_up(answer, records, name, type);
  for (size_t i = 0; i < sizeof zone / sizeof *zone; i++) {
    if (strcasecmp(zone[i].name, name) != 0) continue;
    if (answer->status == DNS_NO_NAME) answer->status = DNS_NO_DATA;
    if (zone[i].type != type) continue;
    set_record(&records[answer->count++], type, zone + i);
    answer->status = DNS_FOUND;
  }
  return answer;
}

/* ---- hosts ---- */

static char const *const our_names[] = {"me.example"};
static mx_self_t const self = {1, our_names, "198.51.100.0/24,127.0.0.0/8"};

typedef struct found {
  mx_list_t list;
  chain_verdict_t verdict;
  char text[1024]; /* "mx1.example[192.0.2.1] ..." or "5.1.2" */
} found_t;

static void write_list(char *out, mx_list_t const *list) {
  *out = 0;
  for (size_t i = 0; i < list->count; i++) {
    char ip[IP6_FMT];
    ip[ip46_fmt(ip, &list->addresses[i].ip)] = 0;
    out += sprintf(out, "%s%s[%s]", i ? " " : "", list->addresses[i].host, ip);
  }
}

static char const *find(found_t *found, char const *text, uint64_t seed, unsigned int slow) {
  resolver_t resolver = {.functions = {.get = answer_of, .peek = answer_of}, .slow = slow};
  mx_destination_t destination;
  if (mx_destination_parse(&destination, text, 25) < 0) return "no destination";
  mx_status_t status;
  unsigned int rounds = 0;
  do {
    status = mx_find(&found->list, &destination, &self, &resolver.functions, seed, &found->verdict);
  } while (status == MX_BUSY && ++rounds < 100);
  if (status == MX_BUSY) return "never";
  if (status == MX_FAILED) return found->verdict.enhanced;
  write_list(found->text, &found->list);
  return found->text;
}

static struct {
  char const *what, *destination, *want;
} const searches[] = {
    {"the domain itself", "plain.example", "plain.example[192.0.2.1]"},
    {"in the order of preference", "d.example",
     "mx1.example[2001:db8::1] mx1.example[192.0.2.1] mx2.example[192.0.2.2]"},
    {"a null MX", "null.example", "5.1.10"},
    {"a null MX among others is none", "nearly.example",
     "mx1.example[2001:db8::1] mx1.example[192.0.2.1]"},
    {"neither MX nor address", "nothing.example", "5.4.4"},
    {"a host without address", "nohost.example", "5.4.4"},
    {"no such domain", "nobody.example", "5.1.2"},
    {"trouble", "trouble.example", "4.4.3"},
    {"trouble with the only host", "down.example", "4.4.3"},
    {"trouble with one host", "half.example", "mx2.example[192.0.2.2]"},
    {"we are the best", "best.example", "5.4.6"},
    {"we are a backup: ours and worse ones are left out", "backup.example",
     "mx2.example[192.0.2.2]"},
    {"we are known by our address", "address.example", "mx2.example[192.0.2.2]"},
    {"the domain is ourselves", "other.example", "5.4.6"},
    {"an address counts once", "same.example", "mx1.example[2001:db8::1] mx1.example[192.0.2.1]"},
    {"a host, without its MX", "[mx2.example]", "mx2.example[192.0.2.2]"},
    {"a host may be ourselves", "other.example:25", "other.example[198.51.100.7]"},
    {"a host that is not there", "missing.example:25", "5.4.4"},
    {"a host with trouble", "trouble.example:25", "4.4.3"},
    {"an address", "[192.0.2.9]", "[192.0.2.9]"},
    {"a mapped address", "[::ffff:192.0.2.9]", "[192.0.2.9]"},
};

static void test_searches(void) {
  for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
    static found_t found;
    CHECK_STR(searches[i].what, find(&found, searches[i].destination, i, 0), searches[i].want);
  }
}

static void test_waiting(void) {
  static found_t found;
  char const *want = "mx1.example[2001:db8::1] mx1.example[192.0.2.1] mx2.example[192.0.2.2]";
  for (unsigned int slow = 1; slow < 12; slow++)
    CHECK_STR("answers that come late", find(&found, "d.example", 7, slow), want);
}

/* Those of the best hosts that have an address are as good as one another. */
static void test_equal(void) {
  static found_t found;
  find(&found, "d.example", 7, 0);
  CHECK_INT("addresses of the best host", found.list.equal, 2);
  find(&found, "equal.example", 1, 0);
  CHECK_INT("of all hosts, if they are equal", found.list.equal, found.list.count);
}

/* Every order of three hosts comes about as often as any other. */
static void test_chance(void) {
  static found_t found;
  unsigned int first[4] = {0}, last[4] = {0};
  for (uint64_t seed = 0; seed < 3000; seed++) {
    find(&found, "equal.example", seed, 0);
    first[found.list.addresses[0].host[2] - '0']++;
    last[found.list.addresses[found.list.count - 1].host[2] - '0']++;
  }
  for (int host = 1; host <= 3; host++) {
    CHECK("each of the equal ones is the first in its turn",
          first[host] > 850 && first[host] < 1150);
    CHECK("and the last", last[host] > 850 && last[host] < 1150);
  }
}

static void test_caps(void) {
  static found_t found;
  find(&found, "many.example", 1, 0);
  CHECK_INT("addresses of one host, and one of another", found.list.count,
            MX_HOST_ADDRESSES_MAX + 1);
  CHECK("families take turns", ip46_is6(&found.list.addresses[0].ip) &&
                                   !ip46_is6(&found.list.addresses[1].ip) &&
                                   ip46_is6(&found.list.addresses[2].ip));
  CHECK_STR("the other host is the last", found.list.addresses[MX_HOST_ADDRESSES_MAX].host,
            "mx2.example");
  find(&found, "far.example", 1, 0);
  CHECK_INT("hosts that are named often are asked once", found.list.count, 3);
}

int main(void) {
  test_destinations();
  test_searches();
  test_waiting();
  test_chance();
  test_equal();
  test_caps();
  return unit_done();
}
