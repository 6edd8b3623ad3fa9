/* What a report says, what an evaluation asks ahead, and what it costs. */
#include <time.h>

#include "../unit.h"
#include "spf/spf.h"
#include "zone.h"

static spf_report_t report; /* of the latest check */

static void check(zone_t *zone, char const *ip, char const *sender, char const *helo) {
  spf_query_t query = {.helo = helo, .sender = sender};
  zone_address(&query.ip, ip);
  spf_check(&report, &zone->resolver, &query);
}

static void add_text(zone_t *zone, char const *name, char const *text) {
  zone_add_data(zone, name, DNS_TXT, text, strlen(text), 0);
}

static void add_address(zone_t *zone, char const *name, char const *ip) {
  zone_add_data(zone, name, strchr(ip, ':') ? DNS_AAAA : DNS_A, ip, 0, 0);
}

/* ---- fields -------------------------------------------------------------------------------- */

typedef struct field_case {
  char const *what;
  char const *ip;
  char const *sender, *helo;
  spf_result_t result;
  char const *domain, *record, *mechanism, *explanation, *problem;
  unsigned int lookups, voids;
} field_case_t;

static field_case_t const fields[] = {
    {"a directive", "192.0.2.1", "u@A.example.", "h", SPF_PASS, "a.example", "a.example",
     "ip4:192.0.2.0/24", "", "", 0, 0},
    {"its qualifier is not told", "192.0.3.1", "u@a.example", "h", SPF_FAIL, "a.example",
     "a.example", "ALL", "", "", 1, 0},
    {"an include", "198.51.100.1", "u@a.example", "h", SPF_PASS, "a.example", "a.example",
     "include:c.example", "", "", 1, 0},
    {"none matches", "192.0.2.1", "u@n.example", "h", SPF_NEUTRAL, "n.example", "n.example",
     "default", "", "", 1, 1},
    {"a redirect", "198.51.100.1", "u@r.example", "h", SPF_PASS, "r.example", "c.example",
     "ip4:198.51.100.0/24", "", "", 1, 0},
    {"the HELO identity", "192.0.2.1", "", "A.Example", SPF_PASS, "a.example", "a.example",
     "ip4:192.0.2.0/24", "", "", 0, 0},
    {"no record", "192.0.2.1", "u@x.example", "h", SPF_NONE, "x.example", "", "", "",
     "no SPF record at x.example", 0, 0},
    {"no domain", "192.0.2.1", "u@[192.0.2.1]", "h", SPF_NONE, "", "", "", "",
     "the sender has no domain that can be asked", 0, 0},
    {"no domain in HELO", "192.0.2.1", "", "h", SPF_NONE, "", "", "", "",
     "HELO has no domain that can be asked", 0, 0},
    {"a malformed term", "192.0.2.1", "u@s.example", "h", SPF_PERMERROR, "s.example", "", "", "",
     "in the record of s.example, a:??: the domain is malformed", 0, 0},
    {"a malformed term of an include", "192.0.2.1", "u@i.example", "h", SPF_PERMERROR, "i.example",
     "", "", "", "in the record of s.example, a:??: the domain is malformed", 1, 0},
    {"several records", "192.0.2.1", "u@t.example", "h", SPF_PERMERROR, "t.example", "", "", "",
     "several SPF records at t.example", 0, 0},
    {"no answer", "192.0.2.1", "u@q.example", "h", SPF_TEMPERROR, "q.example", "", "", "",
     "no answer for A of quiet.example", 1, 0},
    {"an explanation", "192.0.2.1", "u@e.example", "h", SPF_FAIL, "e.example", "e.example", "all",
     "No, 192.0.2.1.", "", 0, 0},
    {"an explanation that is not printable", "192.0.2.1", "u\r\nX@e2.example", "h", SPF_FAIL,
     "e2.example", "e2.example", "all", "u??X", "", 0, 0},
};

static void fill_fields(zone_t *zone) {
  add_text(zone, "a.example", "v=spf1 ip4:192.0.2.0/24 include:c.example -ALL");
  add_text(zone, "c.example", "v=spf1 ip4:198.51.100.0/24 ~all");
  add_text(zone, "n.example", "v=spf1 a");
  add_text(zone, "r.example", "v=spf1 redirect=c.example");
  add_text(zone, "s.example", "v=spf1 a:\x01\xff");
  add_text(zone, "i.example", "v=spf1 include:s.example");
  add_text(zone, "t.example", "v=spf1 -all");
  add_text(zone, "t.example", "v=spf1 -all");
  add_text(zone, "q.example", "v=spf1 a:quiet.example");
  zone_add_timeout(zone, "quiet.example");
  add_text(zone, "e.example", "v=spf1 -all exp=x.e.example");
  add_text(zone, "x.e.example", "No, %{i}.");
  add_text(zone, "e2.example", "v=spf1 -all exp=x.e2.example");
  add_text(zone, "x.e2.example", "%{l}");
}

static void test_fields(field_case_t const *example, zone_t *zone) {
  check(zone, example->ip, example->sender, example->helo);
  CHECK_STR(example->what, spf_result_name(report.result), spf_result_name(example->result));
  CHECK_STR(example->what, report.domain, example->domain);
  CHECK_STR(example->what, report.record, example->record);
  CHECK_STR(example->what, report.mechanism, example->mechanism);
  CHECK_STR(example->what, report.explanation, example->explanation);
  CHECK_STR(example->what, report.problem, example->problem);
  CHECK_INT(example->what, report.lookups, example->lookups);
  CHECK_INT(example->what, report.voids, example->voids);
  CHECK(example->what, report.of_helo == !*example->sender);
}

/* ---- caps ---------------------------------------------------------------------------------- */

static char *repeat(char const *piece, size_t count) {
  size_t len = strlen(piece);
  char *text = zone_allocate(len * count + 1);
  for (size_t i = 0; i < count; i++) memcpy(text + i * len, piece, len);
  return text;
}

static void test_lengths(zone_t *zone) {
  char *local = repeat("x", SPF_SENDER_MAX), *sender = repeat("x", SPF_SENDER_MAX + 1);
  strcpy(local + SPF_SENDER_MAX - 20, "@e3.example");
  add_text(zone, "e3.example", "v=spf1 -all exp=x.e3.example");
  add_text(zone, "x.e3.example", "%{l}%{l}%{l}");
  check(zone, "192.0.2.1", local, "h");
  CHECK_INT("a long explanation is cut", strlen(report.explanation), SPF_EXPLANATION_MAX);
  check(zone, "192.0.2.1", sender, "h");
  CHECK_INT("a sender that is too long", report.result, SPF_NONE);
  check(zone, "192.0.2.1", "u@e3.example", sender);
  CHECK_INT("a HELO that is too long", report.result, SPF_NONE);
  free(local);
  free(sender);
}

/* Records as long as a TXT record can be. */
static void test_giants(zone_t *zone) {
  char *terms = repeat(" ip4:192.0.2.9", 4000), *record = repeat("x", 64000);
  sprintf(record, "v=spf1%s -all", terms);
  add_text(zone, "giant.example", record);
  check(zone, "192.0.2.1", "u@giant.example", "h");
  CHECK_INT("4000 terms", report.result, SPF_FAIL);
  free(terms);
  terms = repeat("%{s}", 15000);
  sprintf(record, "v=spf1 exists:%s -all", terms);
  add_text(zone, "macros.example", record);
  check(zone, "192.0.2.1", "user@macros.example", "h");
  CHECK_INT("15000 macros in one name", report.result, SPF_FAIL);
  add_text(zone, "exp.example", "v=spf1 -all exp=x.exp.example");
  add_text(zone, "x.exp.example", terms);
  check(zone, "192.0.2.1", "user@exp.example", "h");
  CHECK_INT("15000 macros in an explanation", strlen(report.explanation), SPF_EXPLANATION_MAX);
  free(terms);
  terms = repeat(" a:void.example", 4000);
  sprintf(record, "v=spf1%s -all", terms);
  add_text(zone, "voids.example", record);
  check(zone, "192.0.2.1", "u@voids.example", "h");
  CHECK_INT("4000 names that are not there", report.result, SPF_PERMERROR);
  CHECK_INT("end soon", report.lookups, SPF_VOIDS_MAX + 1);
  free(terms);
  free(record);
}

/* Of this process: others may be busy. */
static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Ten includes of a record of 60 kB each. */
static void test_large_includes(zone_t *zone) {
  char name[32], next[64];
  char *terms = repeat(" ip4:192.0.2.9", 4000), *record = repeat("x", 64000);
  for (int i = 0; i <= 11; i++) {
    snprintf(name, sizeof name, "l%d.example", i);
    snprintf(next, sizeof next, " include:l%d.example", i + 1);
    sprintf(record, "v=spf1%s%s -all", terms, next);
    add_text(zone, name, record);
  }
  uint64_t start = now_ns();
  check(zone, "192.0.2.1", "u@l0.example", "h");
  CHECK_INT("includes without end", report.result, SPF_PERMERROR);
  CHECK_INT("end after ten", report.lookups, SPF_LOOKUPS_MAX + 1);
  CHECK("and in bounded time", now_ns() - start < 1000000000);
  free(terms);
  free(record);
}

/* ---- asking ahead -------------------------------------------------------------------------- */

typedef struct recorder {
  zone_t zone; /* the first member, and a resolver in it */
  unsigned int count;
  char log[2048];
} recorder_t;

static void record_prefetch(dns_resolver_t *self, char const *name, dns_type_t type) {
  recorder_t *recorder = (recorder_t *)self;
  size_t len = strlen(recorder->log);
  recorder->count++;
  snprintf(recorder->log + len, sizeof recorder->log - len, "%s/%d ", name, (int)type);
}

static void test_prefetch(void) {
  recorder_t recorder = {.count = 0};
  zone_t *zone = &recorder.zone;
  zone_begin(zone);
  zone->resolver.prefetch = record_prefetch;
  add_text(zone, "p.example",
           "v=spf1 a mx:m.example exists:%{i}.e.example include:i.example ip4:192.0.2.9 "
           "include:j.example -all redirect=k.example");
  add_address(zone, "p.example", "192.0.2.50");
  zone_add_data(zone, "m.example", DNS_MX, "m1.example", 0, 1);
  zone_add_data(zone, "m.example", DNS_MX, "m2.example", 0, 2);
  add_address(zone, "m1.example", "192.0.2.51");
  add_address(zone, "m2.example", "192.0.2.1");
  check(zone, "192.0.2.1", "u@p.example", "h");
  CHECK_INT("asked ahead: the result is the same", report.result, SPF_PASS);
  CHECK_STR("asked ahead: what has no macros, up to all, and the exchanges", recorder.log,
            "p.example/1 m.example/15 i.example/16 j.example/16 m2.example/1 ");
  *recorder.log = 0;
  check(zone, "192.0.2.9", "u@p.example", "h");
  CHECK_STR("nothing behind an address that matches", recorder.log,
            "p.example/1 m.example/15 i.example/16 m2.example/1 ");
  zone_end(zone);
}

static void test_prefetch_limit(void) {
  recorder_t recorder = {.count = 0};
  zone_t *zone = &recorder.zone;
  char *terms = repeat(" a:a.example", 1000), *record = repeat("x", 13000);
  zone_begin(zone);
  zone->resolver.prefetch = record_prefetch;
  sprintf(record, "v=spf1%s -all", terms);
  add_text(zone, "p.example", record);
  add_address(zone, "a.example", "192.0.2.50");
  check(zone, "192.0.2.1", "u@p.example", "h");
  CHECK_INT("asked ahead: no more than may be asked", recorder.count, SPF_LOOKUPS_MAX);
  zone_end(zone);
  free(terms);
  free(record);
}

/* ---- cost ---------------------------------------------------------------------------------- */

/* A record with ten includes, the last of which matches: under 50 microseconds. */
static void test_cost(void) {
  enum { ROUNDS = 2000 };
  zone_t zone;
  char name[32], record[512] = "v=spf1";
  zone_begin(&zone);
  for (int i = 0; i < 10; i++) {
    snprintf(name, sizeof name, "_spf%d.example.net", i);
    sprintf(record + strlen(record), " include:%s", name);
    add_text(&zone, name,
             i < 9 ? "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/26 ip6:2001:db8::/32 ?all"
                   : "v=spf1 ip4:192.0.2.0/24 -all");
  }
  strcat(record, " -all");
  add_text(&zone, "example.org", record);
  check(&zone, "192.0.2.1", "user@example.org", "h");
  CHECK_STR("ten includes", report.mechanism, "include:_spf9.example.net");
  uint64_t best = UINT64_MAX;
  for (int batch = 0; batch < 5; batch++) {
    uint64_t start = now_ns();
    for (int i = 0; i < ROUNDS; i++) check(&zone, "192.0.2.1", "user@example.org", "h");
    uint64_t each = (now_ns() - start) / ROUNDS;
    if (each < best) best = each;
  }
  fprintf(stderr, "  an evaluation with ten includes: %" PRIu64 " ns\n", best);
  char const *sanitizers = getenv("CHECK_SAN");
  bool is_slow = sanitizers && *sanitizers;
  CHECK("ten includes in 50 microseconds", is_slow || best < 50000);
  zone_end(&zone);
}

int main(void) {
  zone_t zone;
  zone_begin(&zone);
  fill_fields(&zone);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) test_fields(fields + i, &zone);
  test_lengths(&zone);
  test_giants(&zone);
  test_large_includes(&zone);
  zone_end(&zone);
  test_prefetch();
  test_prefetch_limit();
  test_cost();
  return unit_done();
}
