/* The suites again, over the real resolver and a name server on loopback, and zones that mean
 * harm: bounded questions, bounded time, the right result. What must come has all the time it
 * needs, and only what never comes little. */
#include <time.h>
#include <unistd.h>

#include "../dns/server.h"
#include "cases.h"

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum { PATIENCE_MS = 60000 };

static dns_resolver_t *resolver_of(server_t const *server, unsigned int query_ms,
                                   unsigned int total_ms) {
  dns_settings_t settings = {
      .servers = server->address, .query_ms = query_ms, .tries = 1, .total_ms = total_ms};
  dns_resolver_t *resolver = dns_open(&settings);
  if (!resolver) server_die("dns_open");
  return resolver;
}

/* ---- lines --------------------------------------------------------------------------------- */

typedef struct lines {
  char *s;
  size_t len, size;
} lines_t;

static void add_line(lines_t *lines, char const *line) {
  size_t len = strlen(line);
  if (lines->len + len >= lines->size) {
    lines->size = 2 * (lines->size + len + 1);
    lines->s = realloc(lines->s, lines->size);
    if (!lines->s) abort();
  }
  memcpy(lines->s + lines->len, line, len + 1);
  lines->len += len;
}

static bool has_line(lines_t const *lines, char const *word, char const *name) {
  char line[512];
  size_t const len = (size_t)snprintf(line, sizeof line, "%s\t%s", word, name);
  for (char const *at = lines->s; at && *at; at = strchr(at, '\n') + 1)
    if (strncmp(at, line, len) == 0 && (at[len] == '\t' || at[len] == '\n')) return true;
  return false;
}

/* ---- suites -------------------------------------------------------------------------------- */

/* Has time for what must come, and little for names about which the server says nothing. */
typedef struct resolvers {
  dns_resolver_t functions; /* the first member */
  dns_resolver_t *patient, *impatient;
  lines_t const *zones;
} resolvers_t;

static dns_resolver_t *choose(dns_resolver_t *self, char const *name) {
  resolvers_t const *const resolvers = (resolvers_t const *)self;
  bool const is_silent =
      has_line(resolvers->zones, "timeout", name) && !has_line(resolvers->zones, "record", name);
  return is_silent ? resolvers->impatient : resolvers->patient;
}

static void prefetch(dns_resolver_t *self, char const *name, dns_type_t type) {
  dns_resolver_t *const chosen = choose(self, name);
  chosen->prefetch(chosen, name, type);
}

static dns_answer_t const *get(dns_resolver_t *self, char const *name, dns_type_t type) {
  dns_resolver_t *const chosen = choose(self, name);
  return chosen->get(chosen, name, type);
}

static dns_answer_t const *peek(dns_resolver_t *self, char const *name, dns_type_t type) {
  dns_resolver_t *const chosen = choose(self, name);
  return chosen->peek(chosen, name, type);
}

static void run_test(char const *suite, server_t const *server, lines_t const *zones, char *text) {
  case_line_t line;
  char name[256];
  case_split(&line, text);
  bool is_trouble = strstr(line.fields[5].s, "temperror") != NULL;
  resolvers_t resolvers = {
      .functions = {prefetch, get, peek},
      .patient = resolver_of(server, is_trouble ? 100 : PATIENCE_MS, PATIENCE_MS),
      .impatient = resolver_of(server, 100, PATIENCE_MS),
      .zones = zones,
  };
  spf_query_t query = {.helo = line.fields[2].s,
                       .sender = line.fields[4].s,
                       .receiver = "receiver.example",
                       .now = 1700000000};
  spf_report_t report;
  zone_address(&query.ip, line.fields[3].s);
  spf_check(&report, &resolvers.functions, &query);
  dns_close(resolvers.patient);
  dns_close(resolvers.impatient);
  snprintf(name, sizeof name, "live %s: %s", suite, line.fields[1].s);
  bool fits = case_fits(&report, line.fields[5].s, line.count > 6 ? line.fields[6].s + 1 : NULL);
  if (!unit_case(name, fits))
    fprintf(stderr, "  got %s [%s], problem %s\n", spf_result_name(report.result),
            report.explanation, report.problem);
}

/* Zones come before the tests of a scenario: the server starts with the first test. */
static unsigned int run_suite(char const *suite, char const *path) {
  char command[640], *text = NULL;
  size_t size = 0;
  unsigned int count = 0;
  bool is_running = false;
  lines_t zones = {.len = 0};
  server_t server;
  snprintf(command, sizeof command, "python3 tests/spf/_suite.py '%s'", path);
  FILE *output = popen(command, "r");
  if (!output) server_die("start _suite.py");
  while (getline(&text, &size, output) > 0) {
    if (strncmp(text, "test\t", 5) == 0) {
      if (!is_running) server_start(&server, zones.s);
      is_running = true;
      run_test(suite, &server, &zones, text);
      count++;
      continue;
    }
    if (is_running) {
      server_stop(&server);
      is_running = false;
      zones.len = 0;
    }
    add_line(&zones, text);
  }
  if (is_running) server_stop(&server);
  pclose(output);
  free(text);
  free(zones.s);
  return count;
}

static void test_suites(void) {
  char path[512];
  char const *shared = getenv("TESTDATA");
  CHECK("live own: cases were found", run_suite("own", "tests/spf/cases.yml") > 0);
  snprintf(path, sizeof path, "%s/spf-rfc7208/rfc7208-tests.yml",
           shared ? shared : "../shared/data");
  if (access(path, R_OK) == 0)
    CHECK_INT("live rfc7208: no case is left out", run_suite("rfc7208", path), 203);
  else
    unit_skip("live rfc7208: the suite is not here");
}

/* ---- zones that mean harm ------------------------------------------------------------------ */

typedef struct hostile_case {
  char const *what;
  char const *domain;
  spf_result_t result;
  unsigned int asked_max;
} hostile_case_t;

static hostile_case_t const hostile[] = {
    {"an include of itself", "self.test", SPF_PERMERROR, 1},
    {"a redirect to itself", "turn.test", SPF_PERMERROR, 1},
    {"includes without end", "i0.test", SPF_PERMERROR, 11},
    {"10 MB of includes", "m0.test", SPF_PERMERROR, 11},
    {"a chain of CNAMEs", "c0.test", SPF_TEMPERROR, 1},
    {"a loop of CNAMEs", "circle.test", SPF_TEMPERROR, 1},
    {"a flood of NXDOMAIN", "flood.test", SPF_PERMERROR, 11},
    {"mx upon mx", "mx.test", SPF_FAIL, 111},
    {"noise", "noise.test", SPF_TEMPERROR, 1},
    {"nobody answers", "quiet.test", SPF_TEMPERROR, 1},
    {"2000 addresses", "addresses.test", SPF_FAIL, 2},
    {"all includes are slow", "slow.test", SPF_TEMPERROR, 12},
};

static void add_chains(lines_t *zones) {
  static char line[70000];
  for (int i = 0; i < 14; i++) {
    sprintf(line, "record i%d.test TXT v=spf1 include:i%d.test -all\n", i, i + 1);
    add_line(zones, line);
    size_t len = (size_t)sprintf(line, "record m%d.test TXT v=spf1", i);
    for (int j = 0; j < 4000; j++) len += (size_t)sprintf(line + len, " ip4:192.0.2.9");
    sprintf(line + len, " include:m%d.test -all\n", i + 1);
    add_line(zones, line);
  }
  for (int i = 0; i < 30; i++) {
    sprintf(line, "record c%d.test CNAME c%d.test\n", i, i + 1);
    add_line(zones, line);
  }
}

static void add_lists(lines_t *zones) {
  char line[1024];
  size_t flood = (size_t)sprintf(line, "record flood.test TXT v=spf1");
  for (int i = 0; i < 20; i++) flood += (size_t)sprintf(line + flood, " a:x%d.gone.test", i);
  sprintf(line + flood, " -all\n");
  add_line(zones, line);
  size_t mx = (size_t)sprintf(line, "record mx.test TXT v=spf1");
  for (int i = 0; i < 10; i++) mx += (size_t)sprintf(line + mx, " mx:mx%d.test", i);
  sprintf(line + mx, " -all\n");
  add_line(zones, line);
  for (int i = 0; i < 10; i++)
    for (int j = 0; j < 10; j++) {
      sprintf(line, "record mx%d.test MX h%d-%d.test 10\nrecord h%d-%d.test A 203.0.113.1\n", i, i,
              j, i, j);
      add_line(zones, line);
    }
}

static void add_rest(lines_t *zones) {
  add_line(zones, "record self.test TXT v=spf1 include:self.test -all\n"
                  "record turn.test TXT v=spf1 redirect=turn.test\n"
                  "record circle.test CNAME circle.test\n"
                  "quirk noise.test garbage\n"
                  "quirk quiet.test silent\n"
                  "record addresses.test TXT v=spf1 a -all\n"
                  "quirk addresses.test big 2000\n"
                  "record slow.test TXT v=spf1 include:s1.test include:s2.test include:s3.test "
                  "include:s4.test include:s5.test -all\n");
  for (int i = 1; i <= 5; i++) {
    char line[200];
    sprintf(line, "record s%d.test TXT v=spf1 a:s%da.test -all\nquirk s%d.test slow 80\n", i, i, i);
    add_line(zones, line);
    sprintf(line, "record s%da.test A 203.0.113.1\nquirk s%da.test slow 80\n", i, i);
    add_line(zones, line);
  }
}

static void test_hostile(hostile_case_t const *example, server_t const *server) {
  unsigned int total_ms = example->result == SPF_TEMPERROR ? 300 : PATIENCE_MS;
  dns_resolver_t *resolver = resolver_of(server, PATIENCE_MS, total_ms);
  spf_query_t query = {.helo = "helo.test", .sender = example->domain};
  spf_report_t report;
  zone_address(&query.ip, "192.0.2.1");
  uint64_t start = now_ms();
  spf_check(&report, resolver, &query);
  uint64_t took = now_ms() - start;
  unsigned int asked = dns_asked(resolver);
  dns_close(resolver);
  CHECK_STR(example->what, spf_result_name(report.result), spf_result_name(example->result));
  if (!unit_case(example->what, asked <= example->asked_max))
    fprintf(stderr, "  %u questions\n", asked);
  /* No single question's time, and little work. What a busy machine adds is not its fault. */
  if (!unit_case(example->what, took < PATIENCE_MS / 2))
    fprintf(stderr, "  %u ms\n", (unsigned int)took);
}

static void test_hostile_zones(void) {
  lines_t zones = {.len = 0};
  server_t server;
  add_chains(&zones);
  add_lists(&zones);
  add_rest(&zones);
  server_start(&server, zones.s);
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) test_hostile(hostile + i, &server);
  server_stop(&server);
  free(zones.s);
}

int main(void) {
  test_suites();
  test_hostile_zones();
  return unit_done();
}
