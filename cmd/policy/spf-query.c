/* spf-query: see spf-query(1). */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <skalibs/buffer.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../shared/option.h"
#include "net/net.h"
#include "spf/spf.h"

#define USAGE                                                                                      \
  "spf-query [-v] [-r servers] [-t seconds] -i address [-s sender] [-H helo]\n"                    \
  "       spf-query [-r servers] [-t seconds] -l domain"

#define SECONDS_MAX 3600
#define INDENT_MAX  12

char const *PROG = "spf-query";

static int const exit_codes[SPF_RESULTS] = {
    [SPF_PASS] = 0,      [SPF_FAIL] = 1,      [SPF_SOFTFAIL] = 2, [SPF_NEUTRAL] = 3,
    [SPF_PERMERROR] = 4, [SPF_TEMPERROR] = 5, [SPF_NONE] = 6};

typedef struct options {
  dns_settings_t dns;
  char const *address, *sender, *helo, *domain;
  bool verbose;
} options_t;

/* ---- output -------------------------------------------------------------------------------- */

/* Prints s with '?' for what is not printable ASCII. */
static void put(char const *s) {
  for (; *s; s++) {
    char c = *s >= ' ' && *s < 0x7f ? *s : '?';
    if (buffer_put(buffer_1, &c, 1) < 0) strerr_diefu1sys(111, "write to standard output");
  }
}

static void end_line(void) {
  if (buffer_put(buffer_1, "\n", 1) < 0) strerr_diefu1sys(111, "write to standard output");
}

static void put_field(char const *name, char const *value) {
  if (!*value) return;
  put(name);
  put(": ");
  put(value);
  end_line();
}

static void put_count(char const *before, unsigned int count, char const *after) {
  char digits[UINT_FMT];
  digits[uint_fmt(digits, count)] = 0;
  put(before);
  put(digits);
  put(after);
}

static void put_step(void *data, unsigned int depth, char const *line) {
  (void)data;
  for (unsigned int i = 0; i < depth && i < INDENT_MAX; i++) put("  ");
  put(line);
  end_line();
}

static void put_finding(void *data, spf_severity_t severity, char const *domain, char const *text) {
  (void)data;
  put(spf_severity_name(severity));
  put(": ");
  put(domain);
  put(": ");
  put(text);
  end_line();
}

static void put_report(spf_report_t const *report) {
  put(spf_result_name(report->result));
  end_line();
  put_field("domain", report->domain);
  if (strcmp(report->record, report->domain) != 0) put_field("record", report->record);
  put_field("mechanism", report->mechanism);
  put_field("explanation", report->explanation);
  put_field("problem", report->problem);
  put_count("lookups: ", report->lookups, " of 10");
  put_count(", void: ", report->voids, " of 2");
  end_line();
}

/* ---- the two jobs -------------------------------------------------------------------------- */

static int query(dns_resolver_t *resolver, options_t const *options) {
  spf_query_t query = {.helo = options->helo,
                       .sender = options->sender,
                       .now = (uint64_t)time(NULL),
                       .trace = options->verbose ? put_step : NULL};
  spf_report_t report;
  if (net_address_parse(&query.ip, options->address) < 0)
    strerr_dief2x(100, "not an address: ", options->address);
  spf_check(&report, resolver, &query);
  put_report(&report);
  return exit_codes[report.result];
}

static int lint(dns_resolver_t *resolver, char const *domain) {
  spf_lint_t lint;
  spf_lint(&lint, resolver, domain, put_finding, NULL);
  if (lint.found) {
    put(domain);
    put_count(": ", lint.lookups, " of 10 lookups");
    put_count(", ", lint.voids, " of 2 void");
    end_line();
  }
  return lint.findings[SPF_ERROR] ? 2 : lint.findings[SPF_WARNING] ? 1 : 0;
}

/* ---- the command line ---------------------------------------------------------------------- */

static void parse_options(options_t *options, int argc, char const *const *argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "H:hi:l:r:s:t:v", &state)) != -1;)
    switch (option) {
    case 'H': options->helo = state.arg; break;
    case 'i': options->address = state.arg; break;
    case 'l': options->domain = state.arg; break;
    case 'r': options->dns.servers = state.arg; break;
    case 's': options->sender = state.arg; break;
    case 't':
      options->dns.total_ms = 1000 * option_number(option, state.arg, 1, SECONDS_MAX);
      break;
    case 'v': options->verbose = true; break;
    default: strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    }
  bool has_identity = options->sender || options->helo;
  bool is_query = options->address && has_identity && !options->domain;
  bool is_lint = options->domain && !options->address && !has_identity && !options->verbose;
  if (state.ind != argc || (!is_query && !is_lint)) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  options_t options = {.dns = DNS_SETTINGS_DEFAULT};
  parse_options(&options, argc, argv);
  dns_resolver_t *resolver = dns_open(&options.dns);
  if (!resolver) {
    if (errno != EINVAL) strerr_diefu1sys(111, "open a resolver");
    strerr_dief2x(100, "not a list of name servers: ",
                  options.dns.servers ? options.dns.servers : "DNSCACHEIP");
  }
  int code = options.domain ? lint(resolver, options.domain) : query(resolver, &options);
  dns_close(resolver);
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write to standard output");
  return code;
}
