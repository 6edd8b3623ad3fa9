/* Domains and address literals: RFC 5321 4.1.2 and 4.1.3. */

#include "../unit.h"
#include "smtp/smtp.h"

#define A60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
#define A63 A60 "aaa"
#define E10 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"

typedef struct valid {
  char const *text;
  bool valid;
} valid_t;

static valid_t const domains[] = {
    {"a", true},
    {"localhost", true},
    {"mail.example.org", true},
    {"MAIL.Example.ORG", true},
    {"xn--bcher-kva.example", true},
    {"1.2.3.4", true},
    {"3com.com", true},
    {"a-b.c--d", true},
    {"_dmarc.example", true},
    {"a_.b_c", true},
    {A63, true},
    {A63 "." A63 "." A63 "." A63, true},
    {"", false},
    {".", false},
    {".a", false},
    {"a.", false},
    {"a..b", false},
    {"-a", false},
    {"a-", false},
    {"a-.b", false},
    {"a.-b", false},
    {"a b", false},
    {" a", false},
    {"a\tb", false},
    {"a\nb", false},
    {"a:b", false},
    {"a,b", false},
    {"a(b)", false},
    {"a@b", false},
    {"[192.0.2.1]", false},
    {"b\xc3\xbc"
     "cher.example",
     false},
    {A63 "a", false},
    {"a." A63 "a.b", false},
    {A63 "." A63 "." A63 "." A63 ".a", false},
};

static valid_t const utf8_domains[] = {
    {"b\xc3\xbc"
     "cher.example",
     true},
    {"\xe6\xb5\x8b\xe8\xaf\x95.\xe6\xb5\x8b\xe8\xaf\x95", true},
    {"mail.example.org", true},
    {"b\xc3.example", false},
    {"\xc2\x80.example", false},
    {"-\xc3\xbc.example", false},
    /* 59 characters are the most that an A-label can have room for */
    {E10 E10 E10 E10 E10 "aaaaaaaaa.example", true},
    {E10 E10 E10 E10 E10 "aaaaaaaaaa.example", false},
};

static valid_t const literals[] = {
    {"[192.0.2.1]", true},
    {"[0.0.0.0]", true},
    {"[255.255.255.255]", true},
    {"[001.002.003.004]", true}, /* Snum is 1*3DIGIT */
    {"[IPv6:2001:db8:0:0:0:0:0:1]", true},
    {"[ipv6:2001:DB8::1]", true},
    {"[IPv6:::]", true},
    {"[IPv6:::1]", true},
    {"[IPv6:1::]", true},
    {"[IPv6:1:2:3::4:5:6]", true},
    {"[IPv6:::2:3:4:5:6:7]", true},
    {"[IPv6:::ffff:192.0.2.1]", true},
    {"[IPv6:1:2:3:4:5:6:192.0.2.1]", true},
    {"[IPv6:1:2::3:4:192.0.2.1]", true},
    {"[x:y]", true},
    {"[x-1:!~]", true},
    {"", false},
    {"[", false},
    {"[]", false},
    {"192.0.2.1", false},
    {"[192.0.2.1", false},
    {"192.0.2.1]", false},
    {"[192.0.2]", false},
    {"[192.0.2.]", false},
    {"[192.0.2.1.]", false},
    {"[192.0.2.1.1]", false},
    {"[192.0.2.256]", false},
    {"[192.0.2.0001]", false},
    {"[192.0.2.-1]", false},
    {"[ 192.0.2.1]", false},
    {"[2001:db8]", true}, /* a general literal: no tag is registered but IPv6, yet one might be */
    {"[IPv6:]", false},
    {"[IPv6:1]", false},
    {"[IPv6:1:2:3:4:5:6:7]", false},
    {"[IPv6:1:2:3:4:5:6:7:8:9]", false},
    {"[IPv6:1:2:3:4:5:6:7:]", false},
    {"[IPv6::1:2:3:4:5:6:7]", false},
    {"[IPv6:1:2:3::4:5:6:7]", false}, /* "::" stands for two groups or more */
    {"[IPv6:1::2::3]", false},
    {"[IPv6:1:::2]", false},
    {"[IPv6:12345::]", false},
    {"[IPv6:g::]", false},
    {"[IPv6:::192.0.2.256]", false},
    {"[IPv6:192.0.2.1::]", false},
    {"[IPv6:192.0.2.1]", false},
    {"[IPv6:1:2:3::4:5:192.0.2.1]", false},
    {"[IPv6:::1%eth0]", false},
    {"[x:]", false},
    {"[:y]", false},
    {"[x-:y]", false},
    {"[x_z:y]", false},
    {"[x:y z]", false},
    {"[x:y[z]", false},
    {"[x:y\\z]", false},
    {"[x:y]z]", false},
    {"[x:\xc3\xa9]", false},
    {"[name]", false},
};

static void check_domains(valid_t const *cases, size_t count, smtp_charset_t charset) {
  for (valid_t const *c = cases; c < cases + count; c++)
    CHECK_INT(*c->text ? c->text : "the empty domain",
              smtp_domain_valid(c->text, strlen(c->text), charset), c->valid);
}

int main(void) {
  check_domains(domains, sizeof domains / sizeof *domains, SMTP_ASCII);
  check_domains(utf8_domains, sizeof utf8_domains / sizeof *utf8_domains, SMTP_UTF8);
  for (size_t i = 0; i < sizeof literals / sizeof *literals; i++)
    CHECK_INT(literals[i].text[0] ? literals[i].text : "the empty literal",
              smtp_literal_valid(literals[i].text, strlen(literals[i].text)), literals[i].valid);
  CHECK("a NUL is in no domain", !smtp_domain_valid("a\0b", 3, SMTP_UTF8));
  return unit_done();
}
