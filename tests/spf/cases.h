/* Reads the lines that _suite.py writes: zones, and evaluations with the results that are right. */
#ifndef TESTS_SPF_CASES_H
#define TESTS_SPF_CASES_H

#include "../unit.h"
#include "spf/spf.h"
#include "zone.h"

#define CASE_FIELDS 8

typedef struct case_field {
  char *s;
  size_t len;
} case_field_t;

typedef struct case_line {
  size_t count;
  case_field_t fields[CASE_FIELDS];
} case_line_t;

static inline int case_nibble(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 0;
}

/* Turns %XX into bytes, in place. */
static inline void case_unescape(case_field_t *field) {
  char *out = field->s;
  for (char *s = field->s; *s; s++) {
    char c = *s;
    if (c == '%') {
      c = (char)(case_nibble(s[1]) * 16 + case_nibble(s[2]));
      s += 2;
    }
    *out++ = c;
  }
  *out = 0;
  field->len = (size_t)(out - field->s);
}

static inline void case_split(case_line_t *line, char *text) {
  text[strcspn(text, "\n")] = 0;
  line->count = 0;
  for (char *next; text && line->count < CASE_FIELDS; text = next) {
    next = strchr(text, '\t');
    if (next) *next++ = 0;
    line->fields[line->count].s = text;
    case_unescape(line->fields + line->count++);
  }
  for (size_t i = line->count; i < CASE_FIELDS; i++) line->fields[i] = (case_field_t){.s = ""};
}

static inline void case_trace(void *data, unsigned int depth, char const *line) {
  (void)data;
  fprintf(stderr, "  %*s%s\n", (int)(2 * depth), "", line);
}

static inline void case_evaluate(spf_report_t *report, zone_t *zone, case_line_t const *line,
                                 spf_trace_f *trace) {
  spf_query_t query = {.helo = line->fields[2].s,
                       .sender = line->fields[4].s,
                       .receiver = "receiver.example",
                       .now = 1700000000,
                       .trace = trace};
  zone_address(&query.ip, line->fields[3].s);
  spf_check(report, &zone->resolver, &query);
}

/* True if result is one of those in results. */
static inline bool case_result_fits(char const *result, char const *results) {
  size_t len = strlen(result);
  for (char const *s = results; *s; s += strcspn(s, ","), s += *s == ',')
    if (strcspn(s, ",") == len && memcmp(s, result, len) == 0) return true;
  return false;
}

/* explanation: NULL if nothing is said of it, "DEFAULT" for none. */
static inline bool case_fits(spf_report_t const *report, char const *results,
                             char const *explanation) {
  if (!case_result_fits(spf_result_name(report->result), results)) return false;
  if (!explanation || report->result != SPF_FAIL) return true;
  return strcmp(report->explanation, strcmp(explanation, "DEFAULT") ? explanation : "") == 0;
}

/* The evaluation again, step by step, for whoever has to find out. */
static inline void case_show(zone_t *zone, case_line_t const *line, spf_report_t const *report) {
  spf_report_t again;
  fprintf(stderr, "  helo=%s ip=%s sender=%s\n", line->fields[2].s, line->fields[3].s,
          line->fields[4].s);
  fprintf(stderr, "  got %s [%s] problem [%s]; want %s %s\n", spf_result_name(report->result),
          report->explanation, report->problem, line->fields[5].s, line->fields[6].s);
  case_evaluate(&again, zone, line, case_trace);
}

static inline void case_add_record(zone_t *zone, case_line_t const *line) {
  zone_add_data(zone, line->fields[1].s, zone_type(line->fields[2].s), line->fields[3].s,
                line->fields[3].len, (unsigned int)atoi(line->fields[4].s));
}

typedef void case_test_f(void *data, zone_t *zone, case_line_t const *line);

/* Runs what a command writes through test, zone by zone. Returns the number of tests. */
static inline unsigned int cases_run(char const *command, case_test_f *test, void *data) {
  FILE *lines = popen(command, "r");
  char *text = NULL;
  size_t size = 0;
  unsigned int count = 0;
  zone_t zone;
  if (!lines) abort();
  zone_begin(&zone);
  while (getline(&text, &size, lines) > 0) {
    case_line_t line;
    case_split(&line, text);
    char const *word = line.fields[0].s;
    if (strcmp(word, "scenario") == 0) zone_end(&zone);
    if (strcmp(word, "owner") == 0) zone_add(&zone, line.fields[1].s, (dns_type_t)0);
    if (strcmp(word, "timeout") == 0) zone_add_timeout(&zone, line.fields[1].s);
    if (strcmp(word, "record") == 0) case_add_record(&zone, &line);
    if (strcmp(word, "test") != 0) continue;
    test(data, &zone, &line);
    count++;
  }
  zone_end(&zone);
  free(text);
  if (pclose(lines) != 0) fprintf(stderr, "  failed: %s\n", command);
  return count;
}

#endif
