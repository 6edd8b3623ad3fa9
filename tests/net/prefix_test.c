/* Networks and addresses: what parses, to what, and what lies in what. */
#include <errno.h>

#include "../unit.h"
#include "net/net.h"

static void test_parse(void) {
  static struct {
    char const *text, *want; /* want: the canonical form, NULL if refused */
    int error;
  } const cases[] = {
      {"192.0.2.0/24", "192.0.2.0/24", 0},
      {"192.0.2.1", "192.0.2.1/32", 0},
      {"0.0.0.0/0", "0.0.0.0/0", 0},
      {"::/0", "::/0", 0},
      {"2001:db8::/32", "2001:db8::/32", 0},
      {"2001:DB8:0:0::1", "2001:db8::1/128", 0},
      {"2001:db8:8000::/33", "2001:db8:8000::/33", 0},
      {"::ffff:192.0.2.1", "192.0.2.1/32", 0},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8", 0},
      {"::ffff:0:0/96", "0.0.0.0/0", 0},
      {"192.0.2.1/24", NULL, EDOM},
      {"2001:db8::1/64", NULL, EDOM},
      {"::ffff:0:0/90", NULL, EDOM},
      {"", NULL, EINVAL},
      {"/8", NULL, EINVAL},
      {"10.0.0.0/", NULL, EINVAL},
      {"10.0.0.0/33", NULL, EINVAL},
      {"10.0.0.0/8x", NULL, EINVAL},
      {"10.0.0.0/-1", NULL, EINVAL},
      {"10.0.0.0/8/8", NULL, EINVAL},
      {"10.0.0.0/4294967304", NULL, EINVAL},
      {"::/129", NULL, EINVAL},
      {"10.0.0", NULL, EINVAL},
      {"10.0.0.256", NULL, EINVAL},
      {" 10.0.0.1", NULL, EINVAL},
      {"[::1]", NULL, EINVAL},
      {"fe80::1%lo", NULL, EINVAL},
      {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/128", NULL, EINVAL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    net_prefix_t prefix;
    char text[NET_PREFIX_FMT];
    errno = 0;
    if (net_prefix_parse(&prefix, cases[i].text) == 0) {
      net_prefix_fmt(text, &prefix);
      CHECK_STR(cases[i].text, text, cases[i].want);
    } else {
      CHECK_STR(cases[i].text, NULL, cases[i].want);
      CHECK_INT(cases[i].text, errno, cases[i].error);
    }
  }
}

static void test_contains(void) {
  static struct {
    char const *prefix, *ip;
    bool want;
  } const cases[] = {
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.1", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"192.0.2.1", "::ffff:192.0.2.1", true},
      {"2001:db8::1", "2001:db8::2", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    net_prefix_t prefix;
    ip46 ip;
    CHECK_INT(cases[i].prefix, net_prefix_parse(&prefix, cases[i].prefix), 0);
    CHECK_INT(cases[i].ip, net_address_parse(&ip, cases[i].ip), 0);
    CHECK_INT(cases[i].ip, net_prefix_contains(&prefix, &ip), cases[i].want);
  }
}

static void test_list(void) {
  static struct {
    char const *list, *ip;
    int want;
  } const cases[] = {
      {"", "192.0.2.1", 0},
      {" , ", "192.0.2.1", 0},
      {"127.0.0.1,::1", "::1", 1},
      {"127.0.0.1, ::1", "::2", 0},
      {"10.0.0.0/8 192.168.0.0/16\n", "192.168.7.7", 1},
      {"127.0.0.1,bad", "127.0.0.1", -1},
      {"127.0.0.1/8", "127.0.0.1", -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ip46 ip;
    CHECK_INT(cases[i].ip, net_address_parse(&ip, cases[i].ip), 0);
    CHECK_INT(cases[i].list, net_list_contains(cases[i].list, &ip), cases[i].want);
  }
}

int main(void) {
  test_parse();
  test_contains();
  test_list();
  return unit_done();
}
