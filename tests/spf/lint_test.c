/* What is found in records. */
#include "../unit.h"
#include "spf/spf.h"
#include "zone.h"

typedef struct lint_case {
  char const *record;   /* of a.example */
  char const *findings; /* one letter of its severity and the text, each followed by a bar */
  unsigned int lookups;
} lint_case_t;

#define NO_END "wa.example: neither all nor redirect= at its end: all others are neutral|"

static lint_case_t const cases[] = {
    {"v=spf1 mx a:h.example ip4:192.0.2.0/24 ip6:2001:db8::/32 include:ok.example -all", "", 3},
    {"v=spf1 redirect=ok.example", "", 1},
    {"v=spf1", NO_END, 0},
    {"v=spf1 ?all", "na.example: ?all says nothing of all others|", 0},
    {"v=spf1 +all", "wa.example: +all lets everybody pass|", 0},
    {"v=spf1 all", "wa.example: +all lets everybody pass|", 0},
    {"v=spf1 ptr -all", "wa.example: ptr is slow, and should not be used (5.5)|", 1},
    {"v=spf1 -all a:h.example", "wa.example: a:h.example is never reached: all is before it|", 0},
    {"v=spf1 redirect=ok.example -all",
     "wa.example: redirect=ok.example is never reached: all is before it|", 0},
    {"v=spf1 a:void.example -all", "wa.example: void.example has no address|", 1},
    {"v=spf1 mx:h.example -all", "wa.example: h.example has no MX record|", 1},
    {"v=spf1 exists:v6.example -all", "wa.example: v6.example has no A record|", 1},
    {"v=spf1 a:v6.example -all", "", 1},
    {"v=spf1 a:void.example a:void.example a:void.example -all",
     "wa.example: void.example has no address|wa.example: void.example has no address|"
     "wa.example: void.example has no address|ea.example: more than 2 lookups find nothing|",
     3},
    {"v=spf1 include:void.example -all", "evoid.example: there is no SPF record|", 1},
    {"v=spf1 include:two.example -all", "etwo.example: there are several SPF records|", 1},
    {"v=spf1 include:a.example -all",
     "ea.example: include:a.example leads back to where it came from|", 1},
    {"v=spf1 include:loop.example -all",
     "eloop.example: redirect=a.example leads back to where it came from|", 2},
    {"v=spf1 include:bad.example -all", "ebad.example: foo: there is no such mechanism|", 1},
    {"v=spf1 a:h.example/33 -all",
     "ea.example: a:h.example/33: the prefix length is malformed or too large|", 0},
    {"v=spf1 a: -all", "ea.example: a:: the domain is malformed|", 0},
    {"v=spf1 include -all", "ea.example: include: a domain is missing|", 0},
    {"v=spf1 ip4:1.2.3 -all", "ea.example: ip4:1.2.3: the address is malformed|", 0},
    {"v=spf1 ip4 -all", "ea.example: ip4: an address is missing|", 0},
    {"v=spf1 -all:x", "ea.example: all:x: nothing may follow it|", 0},
    {"v=spf1 x=%{z -all", "ea.example: x=%{z: its macros are malformed|", 0},
    {"v=spf1 exp=e.example exp=e.example -all", "ea.example: exp= is there twice|", 0},
    {"v=spf1 redirect=ok.example redirect=ok.example", "ea.example: redirect= is there twice|", 0},
    {"v=spf1 exp=e.example -all", "", 0},
    {"v=spf1 exp=void.example -all",
     "wa.example: void.example is not one TXT record: there is no explanation|", 0},
    {"v=spf1 exp=e2.example -all", "wa.example: the explanation at e2.example is malformed|", 0},
    {"v=spf1 foo=bar -all", "na.example: foo=bar is a modifier that no RFC knows|", 0},
    {"v=spf1 exists:%{i}.h.example -all",
     "na.example: exists:%{i}.h.example depends on the client; it is not followed|", 1},
    {"v=spf1 ip4:192.0.2.1/24 -all", "wa.example: ip4:192.0.2.1/24 has bits behind its prefix|", 0},
    {"v=spf1 ip4:192.0.2.129/25 -all", "wa.example: ip4:192.0.2.129/25 has bits behind its prefix|",
     0},
    {"v=spf1 ip6:2001:db8::1/64 -all", "wa.example: ip6:2001:db8::1/64 has bits behind its prefix|",
     0},
    {"v=spf1 ip4:10.0.0.0/8 -all", "wa.example: ip4:10.0.0.0/8 is a very large network|", 0},
    {"v=spf1 ip6:2000::/3 -all", "wa.example: ip6:2000::/3 is a very large network|", 0},
    {"v=spf1 mx:many.example -all", "ea.example: many.example has more than 10 MX records|", 1},
    {"v=spf1 a:quiet.example -all", "ea.example: no answer about quiet.example|", 1},
    {"v=spf1 include:ten.example a:h.example -all",
     "eten.example: more than 10 terms ask the DNS, those of included records among them|", 12},
};

static void add_text(zone_t *zone, char const *name, char const *text) {
  zone_add_data(zone, name, DNS_TXT, text, strlen(text), 0);
}

static void fill(zone_t *zone) {
  zone_add_data(zone, "h.example", DNS_A, "192.0.2.1", 0, 0);
  zone_add_data(zone, "v6.example", DNS_AAAA, "2001:db8::1", 0, 0);
  zone_add_data(zone, "a.example", DNS_MX, "h.example", 0, 0);
  add_text(zone, "ok.example", "v=spf1 ip4:192.0.2.0/24 -all");
  add_text(zone, "two.example", "v=spf1 -all");
  add_text(zone, "two.example", "v=spf1 ~all");
  add_text(zone, "bad.example", "v=spf1 foo");
  add_text(zone, "loop.example", "v=spf1 redirect=a.example");
  add_text(zone, "e.example", "Not from %{i}.");
  add_text(zone, "e2.example", "Not from %{i.");
  for (int i = 0; i < 11; i++) zone_add_data(zone, "many.example", DNS_MX, "h.example", 0, 0);
  zone_add_timeout(zone, "quiet.example");
  add_text(zone, "ten.example",
           "v=spf1 a:h.example a:h.example a:h.example a:h.example a:h.example a:h.example "
           "a:h.example a:h.example a:h.example a:h.example -all");
}

static void collect(void *data, spf_severity_t severity, char const *domain, char const *text) {
  char *findings = data;
  size_t len = strlen(findings);
  snprintf(findings + len, 4096 - len, "%c%s: %s|", *spf_severity_name(severity), domain, text);
}

static void test_record(lint_case_t const *example) {
  char findings[4096] = "";
  zone_t zone;
  spf_lint_t lint;
  zone_begin(&zone);
  fill(&zone);
  add_text(&zone, "a.example", example->record);
  spf_lint(&lint, &zone.resolver, "A.example", collect, findings);
  CHECK_STR(example->record, findings, example->findings);
  CHECK_INT(example->record, lint.lookups, example->lookups);
  CHECK(example->record, lint.found);
  zone_end(&zone);
}

static void test_domains(void) {
  char findings[4096] = "", *record = zone_allocate(1000);
  zone_t zone;
  spf_lint_t lint;
  zone_begin(&zone);
  spf_lint(&lint, &zone.resolver, "none.example", collect, findings);
  CHECK_STR("no record", findings, "enone.example: there is no SPF record|");
  CHECK("no record", !lint.found);
  *findings = 0;
  spf_lint(&lint, &zone.resolver, "\xff.example", collect, findings);
  CHECK_STR("no name", findings, "e\xff.example: this is not a name|");
  *findings = 0;
  strcpy(record, "v=spf1");
  while (strlen(record) < 460) strcat(record, " ip4:192.0.2.1");
  strcat(record, " -all");
  add_text(&zone, "long.example", record);
  spf_lint(&lint, &zone.resolver, "long.example", collect, findings);
  CHECK_STR("a long record", findings,
            "wlong.example: the record is longer than 450 bytes: it may not fit into one packet|");
  zone_end(&zone);
  free(record);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_record(cases + i);
  test_domains();
  return unit_done();
}
