/* Lists of servers, resolv.conf. */
#include <errno.h>

#include "../unit.h"
#include "dns/servers.h"

typedef struct list_case {
  char const *what;
  char const *list;
  char const *servers; /* "address port ...", NULL: refused */
} list_case_t;

static list_case_t const lists[] = {
    {"one", "192.0.2.1", "192.0.2.1 53"},
    {"one with a port", "192.0.2.1:5353", "192.0.2.1 5353"},
    {"several", " 192.0.2.1, 192.0.2.2\t2001:db8::1 ", "192.0.2.1 53 192.0.2.2 53 2001:db8::1 53"},
    {"IPv6 in brackets", "[2001:db8::1]", "2001:db8::1 53"},
    {"IPv6 with a port", "[2001:db8::1]:5353", "2001:db8::1 5353"},
    {"more than are asked",
     "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7 8.8.8.8 9.9.9.9",
     "1.1.1.1 53 2.2.2.2 53 3.3.3.3 53 4.4.4.4 53 5.5.5.5 53 6.6.6.6 53 7.7.7.7 53 8.8.8.8 53"},
    {"none", "", NULL},
    {"blanks", " , ", NULL},
    {"a name", "localhost", NULL},
    {"a bad one among good ones", "192.0.2.1 x", NULL},
    {"port 0", "192.0.2.1:0", NULL},
    {"a port too large", "192.0.2.1:65536", NULL},
    {"a port missing", "192.0.2.1:", NULL},
    {"text behind the port", "192.0.2.1:53x", NULL},
    {"an open bracket", "[2001:db8::1", NULL},
    {"text behind the bracket", "[2001:db8::1]53", NULL},
    {"nothing in brackets", "[]:53", NULL},
    {"a long word", "1111111111111111111111111111111111111111111111111111111111111111111", NULL},
};

static char const conf[] = "# a comment\n"
                           "nameserver 192.0.2.1\n"
                           "search example.org\n"
                           "nameserver\t2001:db8::1 # and this\n"
                           "nameservers 192.0.2.9\n"
                           "nameserver fe80::1%eth0\n"
                           " nameserver 192.0.2.8\n"
                           "options edns0\n"
                           "nameserver 192.0.2.3";

static char const *show(dns_servers_t const *servers) {
  static char text[1024];
  size_t len = 0;
  *text = 0;
  for (size_t i = 0; i < servers->count; i++) {
    if (i) text[len++] = ' ';
    len += ip46_fmt(text + len, &servers->list[i].ip);
    len += (size_t)sprintf(text + len, " %u", servers->list[i].port);
  }
  return text;
}

int main(void) {
  dns_servers_t servers;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    errno = 0;
    int result = dns_servers_parse(&servers, lists[i].list);
    CHECK_STR(lists[i].what, result < 0 ? NULL : show(&servers), lists[i].servers);
    if (result < 0) CHECK_INT(lists[i].what, errno, EINVAL);
  }
  dns_servers_of_conf(&servers, conf);
  CHECK_STR("resolv.conf", show(&servers), "192.0.2.1 53 2001:db8::1 53 192.0.2.3 53");
  setenv("DNSCACHEIP", "192.0.2.7", 1);
  CHECK_INT("DNSCACHEIP", dns_servers_find(&servers, NULL), 0);
  CHECK_STR("DNSCACHEIP", show(&servers), "192.0.2.7 53");
  CHECK_INT("a setting goes before it", dns_servers_find(&servers, "192.0.2.6"), 0);
  CHECK_STR("a setting goes before it", show(&servers), "192.0.2.6 53");
  setenv("DNSCACHEIP", "x", 1);
  CHECK("a bad DNSCACHEIP is an error", dns_servers_find(&servers, NULL) < 0);
  CHECK("and so is a resolver with it", !dns_open(NULL));
  unsetenv("DNSCACHEIP");
  CHECK("there is always somebody to ask", dns_servers_find(&servers, NULL) == 0);
  return unit_done();
}
