/* Agreement with pyspf, an implementation that others wrote, on random zones and records; see
 * _pyspf.py for what is known to differ, and why. It is in Debian's python3-spf, which
 * scripts/peers.sh unpacks. */
#include <unistd.h>

#include "cases.h"

#define SCENARIOS 600
#define SHOWN_MAX 10 /* disagreements that are shown step by step */

typedef struct tally {
  unsigned int agreed[SPF_RESULTS];
  unsigned int differed;
} tally_t;

static void compare(void *data, zone_t *zone, case_line_t const *line) {
  tally_t *tally = data;
  spf_report_t report;
  char const *explanation = line->count > 6 ? line->fields[6].s + 1 : NULL;
  case_evaluate(&report, zone, line, NULL);
  if (case_fits(&report, line->fields[5].s, explanation)) {
    tally->agreed[report.result]++;
  } else if (tally->differed++ < SHOWN_MAX) {
    fprintf(stderr, "  %s\n", line->fields[1].s);
    case_show(zone, line, &report);
  }
}

int main(void) {
  char command[640];
  tally_t tally = {.differed = 0};
  char const *peers = getenv("PEERS");
  char const *seed = getenv("SPF_SEED");
  snprintf(command, sizeof command, "%s/pyspf/usr/lib/python3/dist-packages", peers ? peers : "");
  if (access(command, R_OK) < 0) {
    unit_skip("pyspf is not here");
    return 0;
  }
  snprintf(command, sizeof command,
           "python3 tests/spf/_pyspf.py '%s/pyspf/usr/lib/python3/dist-packages' %d %s", peers,
           SCENARIOS, seed ? seed : "");
  unsigned int count = cases_run(command, compare, &tally);
  CHECK_INT("pyspf: evaluations that differ", tally.differed, 0);
  CHECK_INT("pyspf: evaluations", count, SCENARIOS * 8);
  for (unsigned int result = 0; result < SPF_RESULTS; result++) {
    char name[64];
    snprintf(name, sizeof name, "pyspf: %s, often enough", spf_result_name(result));
    CHECK(name, tally.agreed[result] >= 100);
    fprintf(stderr, "  %s: %u\n", spf_result_name(result), tally.agreed[result]);
  }
  return unit_done();
}
