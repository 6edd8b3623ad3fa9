/* Names as they are asked, reverse names, A-labels. */
#include <arpa/inet.h>
#include <errno.h>

#include "../unit.h"
#include "dns/wire.h"

#define LABEL63 "a23456789012345678901234567890123456789012345678901234567890123"

typedef struct name_case {
  char const *what;
  char const *name;
  char const *canonical; /* NULL: cannot be asked */
} name_case_t;

static name_case_t const canonical_cases[] = {
    {"plain", "example.org", "example.org"},
    {"capitals", "EXAMPLE.Org", "example.org"},
    {"a final dot", "example.org.", "example.org"},
    {"the root", ".", ""},
    {"nothing is the root", "", ""},
    {"two final dots", "example.org..", NULL},
    {"an empty label", "example..org", NULL},
    {"an empty label in front", ".example.org", NULL},
    {"two dots", "..", NULL},
    {"a label of 63", LABEL63 ".org", LABEL63 ".org"},
    {"a label of 64", LABEL63 "4.org", NULL},
    {"odd bytes", "a b\\c\xff%/.org", "a b\\c\xff%/.org"},
};

static void test_canonical(void) {
  char out[DNS_NAME_MAX + 1], name[300];
  for (size_t i = 0; i < sizeof canonical_cases / sizeof *canonical_cases; i++) {
    name_case_t const *example = canonical_cases + i;
    bool is_name = dns_name_canonical(out, example->name);
    CHECK_STR(example->what, is_name ? out : NULL, example->canonical);
  }
  for (size_t len = 252; len <= 256; len++) {
    memset(name, 'a', len);
    for (size_t i = 50; i < len; i += 50) name[i] = '.';
    name[len] = 0;
    CHECK("no more than 253 characters", dns_name_canonical(out, name) == (len <= 253));
    name[len] = '.';
    name[len + 1] = 0;
    CHECK("and a final dot", dns_name_canonical(out, name) == (len <= 253));
  }
}

typedef struct reverse_case {
  char const *ip;
  char const *zone;
  char const *name;
} reverse_case_t;

static reverse_case_t const reverse_cases[] = {
    {"192.0.2.1", NULL, "1.2.0.192.in-addr.arpa"},
    {"255.10.0.100", "bl.example", "100.0.10.255.bl.example"},
    {"2001:db8::1", NULL,
     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
    {"2001:db8::f0", "bl.example",
     "0.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example"},
};

static void test_reverse(void) {
  char name[DNS_NAME_MAX + 1], zone[DNS_NAME_MAX + 1], bytes[16];
  ip46 ip;
  for (size_t i = 0; i < sizeof reverse_cases / sizeof *reverse_cases; i++) {
    reverse_case_t const *example = reverse_cases + i;
    bool is6 = strchr(example->ip, ':') != NULL;
    inet_pton(is6 ? AF_INET6 : AF_INET, example->ip, bytes);
    ip46_from_ip(&ip, bytes, is6);
    CHECK_INT(example->ip, dns_reverse_name(name, &ip, example->zone), 0);
    CHECK_STR(example->ip, name, example->name);
  }
  memset(zone, 'z', 200);
  zone[200] = 0;
  errno = 0;
  CHECK("a zone that is too long", dns_reverse_name(name, &ip, zone) < 0 && errno == ENAMETOOLONG);
}

typedef struct ascii_case {
  char const *what;
  char const *name;
  char const *ascii; /* NULL: error */
  int error;
} ascii_case_t;

static ascii_case_t const ascii_cases[] = {
    {"ASCII", "Example.ORG", "example.org", 0},
    {"not even a host name", "_spf.a b%", "_spf.a b%", 0},
    {"an umlaut", "m\xc3\xbcnchen.example", "xn--mnchen-3ya.example", 0},
    {"a capital umlaut", "M\xc3\x9cNCHEN.example", "xn--mnchen-3ya.example", 0},
    {"decomposed", "mu\xcc\x88nchen.example", "xn--mnchen-3ya.example", 0},
    {"sharp s, not transitional", "fa\xc3\x9f.example", "xn--fa-hia.example", 0},
    {"an ideographic full stop", "\xe4\xbe\x8b\xe3\x80\x82\xe4\xbe\x8b", "xn--fsq.xn--fsq", 0},
    {"not UTF-8", "\xff.example", NULL, EINVAL},
    {"a character that is not allowed", "\xe2\x80\x8b\xe2\x98\x83\xef\xbf\xbf.example", NULL,
     EINVAL},
};

static void test_ascii(void) {
  char out[DNS_NAME_MAX + 1], name[600];
  for (size_t i = 0; i < sizeof ascii_cases / sizeof *ascii_cases; i++) {
    ascii_case_t const *example = ascii_cases + i;
    errno = 0;
    int result = dns_name_to_ascii(out, example->name, strlen(example->name));
    CHECK_STR(example->what, result < 0 ? NULL : out, example->ascii);
    if (result < 0) CHECK_INT(example->what, errno, example->error);
  }
  CHECK("a NUL", dns_name_to_ascii(out, "a\0b", 3) < 0 && errno == EINVAL);
  memset(name, 'a', sizeof name);
  CHECK("255 octets", dns_name_to_ascii(out, name, 255) == 0);
  CHECK("256 octets", dns_name_to_ascii(out, name, 256) < 0 && errno == ENAMETOOLONG);
  memcpy(name, "\xc3\xbc", 2);
  CHECK("a long label", dns_name_to_ascii(out, name, 200) < 0 && errno == ENAMETOOLONG);
}

int main(void) {
  test_canonical();
  test_reverse();
  test_ascii();
  return unit_done();
}
