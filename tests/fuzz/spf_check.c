/* A sender, a HELO and TXT records, separated by NULs, for a client whose every question gets some
 * answer: an evaluation ends, and asks no more than it may. */
#include <stdlib.h>
#include <string.h>

#include "spf/spf.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

#define TEXTS_MAX 20
/* Ten mx with ten names each, the PTR records and their names, the first record, exp=. */
#define QUESTIONS_MAX (SPF_LOOKUPS_MAX * (1 + SPF_NAMES_MAX) + 1 + SPF_NAMES_MAX + 2)

typedef struct world {
  dns_resolver_t resolver;
  unsigned int questions;
  size_t texts_count;
  dns_record_t texts[TEXTS_MAX];
  ip46 ip;
  dns_record_t records[12];
  dns_answer_t answer, text; /* the latest ones */
} world_t;

static unsigned int hash(char const *name, unsigned int seed) {
  for (; *name; name++) seed = seed * 31 + (unsigned char)*name;
  return seed ^ seed >> 7;
}

/* Names are those that came before, so that evaluations go round in circles. */
static dns_answer_t const *get(dns_resolver_t *self, char const *name, dns_type_t type) {
  static char const *const names[] = {"a.example", "b.example", "c.a.example", "", "d..e"};
  world_t *world = (world_t *)self;
  unsigned int chance = hash(name, (unsigned int)type);
  world->questions++;
  if (type == DNS_TXT && world->texts_count) {
    world->text = (dns_answer_t){.status = DNS_FOUND, .count = 1};
    world->text.records = world->texts + chance % world->texts_count;
    return &world->text;
  }
  world->answer = (dns_answer_t){.status = (dns_status_t)(chance % 8 < 4 ? 0 : chance % 4)};
  if (world->answer.status != DNS_FOUND) return &world->answer;
  world->answer.count = 1 + chance % 12;
  world->answer.records = world->records;
  for (size_t i = 0; i < world->answer.count; i++) {
    char const *data = names[(chance + i) % 5];
    world->records[i] = (dns_record_t){.ip = world->ip, .data = data, .len = strlen(data)};
    world->records[i].ip.ip[3] ^= (char)(chance >> 4 & 3);
  }
  return &world->answer;
}

static void check_printable(char const *s, size_t size) {
  if (strnlen(s, size) == size) abort();
  for (; *s; s++)
    if (*s < ' ' || *s > '~') abort();
}

static void check_report(spf_report_t const *report, world_t const *world) {
  if (report->result >= SPF_RESULTS || world->questions > QUESTIONS_MAX) abort();
  if (report->voids > SPF_VOIDS_MAX + 1) abort();
  if (report->lookups > SPF_LOOKUPS_MAX + 2) abort();
  if (report->lookups > SPF_LOOKUPS_MAX && report->result != SPF_PERMERROR) abort();
  check_printable(report->mechanism, sizeof report->mechanism);
  check_printable(report->explanation, sizeof report->explanation);
  check_printable(report->problem, sizeof report->problem);
  if (*report->explanation && report->result != SPF_FAIL) abort();
}

static void ignore_finding(void *data, spf_severity_t severity, char const *domain,
                           char const *text) {
  (void)domain;
  if (severity > SPF_ERROR) abort();
  check_printable(text, 1000);
  ++*(unsigned int *)data;
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  world_t world = {.resolver = {.get = get}};
  char *copy = malloc(size + 1), *strings[2] = {"", ""};
  size_t count = 0;
  if (!copy) abort();
  if (size) memcpy(copy, data, size);
  copy[size] = 0;
  for (char *s = copy; s < copy + size && count < TEXTS_MAX; s += strlen(s) + 1, count++) {
    if (count < 2)
      strings[count] = s;
    else
      world.texts[world.texts_count++] = (dns_record_t){.data = s, .len = strlen(s)};
  }
  ip46_from_ip(&world.ip, "\xc0\0\2\1", 0);
  spf_query_t query = {.ip = world.ip, .sender = strings[0], .helo = strings[1]};
  spf_report_t report;
  spf_check(&report, &world.resolver, &query);
  check_report(&report, &world);
  spf_lint_t lint;
  unsigned int findings = 0;
  spf_lint(&lint, &world.resolver, report.domain, ignore_finding, &findings);
  free(copy);
  return 0;
}
