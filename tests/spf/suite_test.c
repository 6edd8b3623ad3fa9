/* The suites that others wrote: RFC 7208's, each case a test by its name; what pyspf adds to it;
 * RFC 4408's, as far as RFC 7208 has left it valid; and cases of our own in the same form, which
 * always run. */
#include <unistd.h>

#include "cases.h"

typedef struct suite {
  char const *name;
  char const *file;           /* below a folder of folders */
  unsigned int count;         /* of its tests; 0: our own */
  char const *const *changed; /* "id: result" where RFC 7208 wants another one; NULL-terminated */
} suite_t;

/* default= is no modifier of either RFC (7208 section 6): pyspf has it, and a result of its own
   that says so. Of RFC 4408's tests RFC 7208 leaves all valid: those that it narrowed had
   alternatives. */
static char const *const without_default[] = {"default-modifier: neutral",
                                              "default-modifier-harsh: neutral", NULL};

static suite_t suites[] = {
    {"rfc7208", "rfc7208-tests.yml", 203, NULL},
    {"pyspf", "test.yml", 16, without_default},
    {"rfc4408", "rfc4408-tests.yml", 191, NULL},
};

/* The result that stands in for a test's own, or NULL. */
static char const *changed_result(suite_t const *suite, char const *id) {
  size_t len = strlen(id);
  for (char const *const *entry = suite->changed; entry && *entry; entry++)
    if (strncmp(*entry, id, len) == 0 && (*entry)[len] == ':') return *entry + len + 2;
  return NULL;
}

static void test_case(void *data, zone_t *zone, case_line_t const *line) {
  suite_t const *suite = data;
  char name[256];
  spf_report_t report;
  char const *results = changed_result(suite, line->fields[1].s);
  char const *explanation = line->count > 6 ? line->fields[6].s + 1 : NULL;
  snprintf(name, sizeof name, "%s: %s", suite->name, line->fields[1].s);
  case_evaluate(&report, zone, line, NULL);
  bool fits = case_fits(&report, results ? results : line->fields[5].s, explanation);
  if (!unit_case(name, fits)) case_show(zone, line, &report);
}

static bool is_there(char path[512], char const *folder, char const *base, char const *file) {
  char packed[520];
  if (!base) return false;
  size_t len = (size_t)snprintf(path, 512, folder, base);
  snprintf(path + len, 512 - len, "/%s", file);
  snprintf(packed, sizeof packed, "%s.gz", path);
  return access(path, R_OK) == 0 || access(packed, R_OK) == 0;
}

/* In the shared data, else in Debian's python3-spf, installed or unpacked as a peer. */
static bool find_suite(char path[512], char const *file) {
  char const *shared = getenv("TESTDATA");
  return is_there(path, "%s/spf-rfc7208", shared ? shared : "../shared/data", file) ||
         is_there(path, "%s/python3-spf", "/usr/share/doc", file) ||
         is_there(path, "%s/pyspf/usr/share/doc/python3-spf", getenv("PEERS"), file);
}

static unsigned int run_file(suite_t *suite, char const *path) {
  char command[640];
  snprintf(command, sizeof command, "python3 tests/spf/_suite.py '%s'", path);
  return cases_run(command, test_case, suite);
}

static void run_suite(suite_t *suite) {
  char path[512], name[128];
  if (!find_suite(path, suite->file)) {
    snprintf(name, sizeof name, "%s: %s is not here", suite->name, suite->file);
    unit_skip(name);
    return;
  }
  snprintf(name, sizeof name, "%s: no case is left out", suite->name);
  CHECK_INT(name, run_file(suite, path), suite->count);
}

int main(void) {
  static suite_t own = {.name = "own"};
  CHECK("own: cases were found", run_file(&own, "tests/spf/cases.yml") > 0);
  for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) run_suite(suites + i);
  return unit_done();
}
