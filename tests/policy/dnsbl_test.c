/* DNS lists: RFC 5782, the notation of lists, what counts as a listing. */
#include "../unit.h"
#include "_zone.h"
#include "net/net.h"
#include "policy/policy.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static char const *const bad_lists[] = {"",
                                        "=127.0.0.2",
                                        "a b",
                                        "a.example=",
                                        "a.example=127.0.0",
                                        "a.example=127.0.0.256",
                                        "a.example=127.0.0.2.3",
                                        "a.example=127.0.0.[2",
                                        "a.example=127.0.0.[]",
                                        "a.example=127.0.0.[4..2]",
                                        "a.example=127.0.0.[2.4]",
                                        "a.example=127.0.0.[2;]",
                                        "a.example&",
                                        "a.example&0.0.0.0",
                                        "a.example&0.0.4",
                                        "a.example*",
                                        "a.example*x",
                                        "a.example*1x",
                                        "a.example*1000001",
                                        "a.example*2=127.0.0.2"};

static void check_bad_lists(void) {
  dnsbl_list_t list;
  for (size_t i = 0; i < COUNT(bad_lists); i++)
    CHECK(bad_lists[i], dnsbl_list_parse(&list, bad_lists[i]) < 0);
}

static zone_record_t const zone_records[] = {
    {"1.2.0.192.bl.example", DNS_A, DNS_FOUND, "127.0.0.4"},
    {"1.2.0.192.bl.example", DNS_TXT, DNS_FOUND, "see\nus\xc3\xa9"},
    {"1.2.0.192.other.example", DNS_A, DNS_FOUND, "127.0.0.9"},
    {"1.2.0.192.other.example", DNS_A, DNS_FOUND, "127.0.1.2"},
    {"1.2.0.192.good.example", DNS_A, DNS_FOUND, "127.0.5.3"},
    {"1.2.0.192.over-quota.example", DNS_A, DNS_FOUND, "127.255.255.254"},
    {"1.2.0.192.mixed.example", DNS_A, DNS_FOUND, "127.255.255.254"},
    {"1.2.0.192.mixed.example", DNS_A, DNS_FOUND, "127.0.0.2"},
    {"1.2.0.192.parked.example", DNS_A, DNS_FOUND, "203.0.113.80"},
    {"1.2.0.192.down.example", DNS_A, DNS_TROUBLE, ""},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example", DNS_A, DNS_FOUND,
     "127.0.0.2"},
};

typedef struct list_case {
  char const *list, *ip;
  dnsbl_status_t status;
  int score;
} list_case_t;

static list_case_t const cases[] = {
    {"bl.example", "192.0.2.1", DNSBL_LISTED, 1},
    {"bl.example", "192.0.2.2", DNSBL_CLEAR, 0},
    {"bl.example", "2001:db8::1", DNSBL_LISTED, 1},
    {"bl.example", "2001:db8::2", DNSBL_CLEAR, 0},
    {"bl.example*3", "192.0.2.1", DNSBL_LISTED, 3},
    {"good.example*-4", "192.0.2.1", DNSBL_LISTED, -4},
    {"bl.example=127.0.0.4", "192.0.2.1", DNSBL_LISTED, 1},
    {"bl.example=127.0.0.5", "192.0.2.1", DNSBL_CLEAR, 0},
    {"bl.example=127.0.0.[2..5]", "192.0.2.1", DNSBL_LISTED, 1},
    {"bl.example=127.0.0.[2..3]", "192.0.2.1", DNSBL_CLEAR, 0},
    {"bl.example=127.0.0.[2;4]", "192.0.2.1", DNSBL_LISTED, 1},
    {"bl.example=127.0.0.[2;5..255]", "192.0.2.1", DNSBL_CLEAR, 0},
    {"bl.example=127.[0..255].[0..255].[0..255]*2", "192.0.2.1", DNSBL_LISTED, 2},
    {"bl.example&0.0.0.4", "192.0.2.1", DNSBL_LISTED, 1},
    {"bl.example&0.0.0.6*2", "192.0.2.1", DNSBL_LISTED, 2},
    {"bl.example&0.0.0.3", "192.0.2.1", DNSBL_CLEAR, 0},
    {"bl.example=127.0.0.4&0.0.0.3", "192.0.2.1", DNSBL_CLEAR, 0},
    /* any of several answers */
    {"other.example=127.0.1.2", "192.0.2.1", DNSBL_LISTED, 1},
    {"other.example=127.0.0.9", "192.0.2.1", DNSBL_LISTED, 1},
    {"other.example=127.0.0.2", "192.0.2.1", DNSBL_CLEAR, 0},
    /* no listings */
    {"over-quota.example", "192.0.2.1", DNSBL_REFUSED, 0},
    {"over-quota.example=127.255.255.254", "192.0.2.1", DNSBL_REFUSED, 0},
    {"mixed.example", "192.0.2.1", DNSBL_LISTED, 1},
    {"parked.example", "192.0.2.1", DNSBL_CLEAR, 0},
    {"down.example", "192.0.2.1", DNSBL_TROUBLE, 0},
};

static void check_cases(void) {
  for (size_t i = 0; i < COUNT(cases); i++) {
    zone_t zone;
    dnsbl_list_t list;
    dnsbl_report_t report;
    ip46 ip;
    net_address_parse(&ip, cases[i].ip);
    CHECK(cases[i].list, dnsbl_list_parse(&list, cases[i].list) == 0);
    dnsbl_check(&report, zone_init(&zone, zone_records, COUNT(zone_records)), &list, 1, &ip);
    CHECK_INT(cases[i].ip, report.status[0], cases[i].status);
    CHECK_INT("its score", report.score, cases[i].score);
  }
}

static void check_several(void) {
  static char const *const names[] = {"bl.example*2", "good.example*-1", "down.example*9"};
  dnsbl_list_t lists[COUNT(names)];
  dnsbl_report_t report;
  zone_t zone;
  ip46 ip;
  char reason[64];
  for (size_t i = 0; i < COUNT(names); i++) dnsbl_list_parse(&lists[i], names[i]);
  net_address_parse(&ip, "192.0.2.1");
  dns_resolver_t *resolver = zone_init(&zone, zone_records, COUNT(zone_records));
  dnsbl_check(&report, resolver, lists, COUNT(lists), &ip);
  CHECK_INT("weights are added, no answer weighs nothing", report.score, 1);
  CHECK_INT("all were asked before the first was waited for", zone.prefetched, 3);
  dnsbl_reason(reason, sizeof reason, resolver, &lists[0], &ip);
  CHECK_STR("a reason is made printable", reason, "see?us\?\?");
  dnsbl_reason(reason, 4, resolver, &lists[0], &ip);
  CHECK_STR("and cut", reason, "see");
  dnsbl_reason(reason, sizeof reason, resolver, &lists[1], &ip);
  CHECK_STR("there may be none", reason, "");
}

int main(void) {
  check_bad_lists();
  check_cases();
  check_several();
  return unit_done();
}
