/* Names that are confirmed (RFC 8601 2.7.3), senders that can be answered (RFC 5321 5.1, RFC 7505).
 */
#include "../unit.h"
#include "_zone.h"
#include "net/net.h"
#include "policy/policy.h"

#define COUNT(a)   (sizeof(a) / sizeof *(a))
#define REVERSE(n) n ".2.0.192.in-addr.arpa"
#define LABEL      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static zone_record_t const zone_records[] = {
    {REVERSE("1"), DNS_PTR, DNS_FOUND, "a.example"},
    {"a.example", DNS_A, DNS_FOUND, "192.0.2.1"},
    {REVERSE("2"), DNS_PTR, DNS_FOUND, "liar.example"},
    {"liar.example", DNS_A, DNS_FOUND, "198.51.100.1"},
    {REVERSE("3"), DNS_PTR, DNS_FOUND, "liar.example"},
    {REVERSE("3"), DNS_PTR, DNS_FOUND, "many.example"},
    {"many.example", DNS_A, DNS_FOUND, "198.51.100.1"},
    {"many.example", DNS_A, DNS_FOUND, "192.0.2.3"},
    {REVERSE("4"), DNS_PTR, DNS_TROUBLE, ""},
    {REVERSE("5"), DNS_PTR, DNS_FOUND, "down.example"},
    {REVERSE("5"), DNS_PTR, DNS_FOUND, "liar.example"},
    {"down.example", DNS_A, DNS_TROUBLE, ""},
    {REVERSE("6"), DNS_PTR, DNS_FOUND, "down.example"},
    {REVERSE("6"), DNS_PTR, DNS_FOUND, "six.example"},
    {"six.example", DNS_A, DNS_FOUND, "192.0.2.6"},
    {REVERSE("7"), DNS_PTR, DNS_FOUND, "a b\n.example"},
    {"a b\n.example", DNS_A, DNS_FOUND, "192.0.2.7"},
    {REVERSE("8"), DNS_PTR, DNS_FOUND, LABEL ".example"},
    {LABEL ".example", DNS_A, DNS_FOUND, "192.0.2.8"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "1.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "2.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "3.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "4.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "5.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "6.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "7.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "8.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "9.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "10.example"},
    {REVERSE("9"), DNS_PTR, DNS_FOUND, "eleventh.example"},
    {"eleventh.example", DNS_A, DNS_FOUND, "192.0.2.9"},
    {REVERSE("10"), DNS_PTR, DNS_NO_DATA, ""},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", DNS_PTR, DNS_FOUND,
     "six.example"},
    {"six.example", DNS_AAAA, DNS_FOUND, "2001:db8::1"},
    /* senders */
    {"mx.example", DNS_MX, DNS_FOUND, "a.example"},
    {"nullmx.example", DNS_MX, DNS_FOUND, ""},
    {"nullmx.example", DNS_A, DNS_FOUND, "192.0.2.1"},
    {"v6.example", DNS_AAAA, DNS_FOUND, "2001:db8::1"},
    {"text.example", DNS_TXT, DNS_FOUND, "x"},
    {"mx-down.example", DNS_MX, DNS_TROUBLE, ""},
    {"v6-down.example", DNS_AAAA, DNS_TROUBLE, ""},
    {"xn--bcher-kva.example", DNS_MX, DNS_FOUND, "a.example"},
};

typedef struct address_case {
  char const *ip;
  fcrdns_result_t result;
  char const *name;
} address_case_t;

static address_case_t const addresses[] = {
    {"192.0.2.1", FCRDNS_PASS, "a.example"},
    {"192.0.2.2", FCRDNS_FAIL, ""},
    {"192.0.2.3", FCRDNS_PASS, "many.example"},
    {"192.0.2.4", FCRDNS_TEMPERROR, ""},
    {"192.0.2.5", FCRDNS_TEMPERROR, ""},
    {"192.0.2.6", FCRDNS_PASS, "six.example"},
    {"192.0.2.7", FCRDNS_FAIL, ""},
    {"192.0.2.8", FCRDNS_FAIL, ""},
    {"192.0.2.9", FCRDNS_FAIL, ""},
    {"192.0.2.10", FCRDNS_PERMERROR, ""},
    {"192.0.2.11", FCRDNS_PERMERROR, ""},
    {"2001:db8::1", FCRDNS_PASS, "six.example"},
    {"2001:db8::2", FCRDNS_PERMERROR, ""},
};

static void check_addresses(void) {
  for (size_t i = 0; i < COUNT(addresses); i++) {
    zone_t zone;
    ip46 ip;
    char name[DNS_NAME_MAX + 1];
    net_address_parse(&ip, addresses[i].ip);
    dns_resolver_t *resolver = zone_init(&zone, zone_records, COUNT(zone_records));
    CHECK_INT(addresses[i].ip, fcrdns_check(name, resolver, &ip), addresses[i].result);
    CHECK_STR("its name", name, addresses[i].name);
  }
}

typedef struct sender_case {
  char const *sender;
  sender_result_t result;
} sender_case_t;

static sender_case_t const senders[] = {
    {"", SENDER_NULL},
    {"a@mx.example", SENDER_MX},
    {"\"a@b\"@mx.example", SENDER_MX},
    {"a@a.example", SENDER_ADDRESS},
    {"a@v6.example", SENDER_ADDRESS},
    {"a@nullmx.example", SENDER_NULLMX},
    {"a@text.example", SENDER_UNKNOWN},
    {"a@none.example", SENDER_UNKNOWN},
    {"a@mx-down.example", SENDER_TEMPERROR},
    {"a@v6-down.example", SENDER_TEMPERROR},
    {"a@[192.0.2.1]", SENDER_LITERAL},
    {"a@b\xc3\xbc"
     "cher.example",
     SENDER_MX},
    {"a@" LABEL ".example", SENDER_UNKNOWN},
    {"a", SENDER_UNKNOWN},
};

static void check_senders(void) {
  for (size_t i = 0; i < COUNT(senders); i++) {
    zone_t zone;
    dns_resolver_t *resolver = zone_init(&zone, zone_records, COUNT(zone_records));
    CHECK_INT(senders[i].sender, sender_check(resolver, senders[i].sender), senders[i].result);
  }
}

int main(void) {
  check_addresses();
  check_senders();
  return unit_done();
}
