#include "print/print.h"

#include <stdio.h>

#include "tls-check.h"

static settings_t const *settings;
static size_t width; /* of names */
static print_t out = {.to = buffer_1};
static json_t json = {.print = &out};

static char const *const verdicts[] = {[VERDICT_OK] = "ok",
                                       [VERDICT_WARNING] = "warning",
                                       [VERDICT_CRITICAL] = "critical",
                                       [VERDICT_UNKNOWN] = "unknown"};

/* ---- a table --------------------------------------------------------------------------------- */

static void put_pair(cert_pair_t const *pair, int64_t days) {
  cert_names_t names = pair->names;
  cert_bytes_t name;
  char type[32], columns[64];
  bool const has_bits = pair->public.type == CERT_RSA;
  snprintf(type, sizeof type, has_bits ? "%s-%u" : "%s", cert_key_type_name(pair->public.type),
           pair->public.bits);
  snprintf(columns, sizeof columns, "%-9s %5lld ", type, (long long)days);
  print_str(&out, columns);
  while (cert_names_next(&names, &name)) {
    print_str(&out, " ");
    print_safe_bytes(&out, (char const *)name.at, name.len);
  }
}

static void print_row(report_t const *report) {
  print_str(&out, report->is_default ? "* " : "  ");
  print_safe(&out, verdicts[report->verdict], 10);
  print_safe(&out, report->name, width + 2);
  if (report->pair)
    put_pair(report->pair, report->days);
  else
    print_str(&out, "-             -  -");
  print_str(&out, "\n");
  for (size_t i = 0; i < report->count; i++) {
    print_str(&out, "            ");
    print_safe(&out, report->problems[i], 0);
    print_str(&out, "\n");
  }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void tell_names(cert_names_t names) {
  cert_bytes_t name;
  json_array(&json, "names");
  while (cert_names_next(&names, &name)) json_bytes(&json, NULL, (char const *)name.at, name.len);
  json_close(&json);
}

static void tell_pair(cert_pair_t const *pair, int64_t days) {
  char hash[CERT_HASH_TEXT];
  cert_bytes_t const *const leaf = &pair->chain.certificates[0];
  cert_hash_text(leaf->at, leaf->len, hash);
  json_str(&json, "type", cert_key_type_name(pair->public.type));
  json_uint(&json, "bits", pair->public.bits);
  json_int(&json, "not_after", pair->not_after);
  json_int(&json, "days", days);
  json_uint(&json, "chain", pair->chain.count);
  json_str(&json, "hash", hash);
  tell_names(pair->names);
}

static void tell_nothing(void) {
  static char const *const names[] = {"type",  "bits", "not_after", "days",
                                      "chain", "hash", "names"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) json_str(&json, names[i], NULL);
}

static void tell(report_t const *report) {
  json_object(&json, NULL);
  json_bool(&json, "default", report->is_default);
  json_str(&json, "path", report->path);
  json_str(&json, "name", report->name);
  json_str(&json, "verdict", verdicts[report->verdict]);
  if (report->pair)
    tell_pair(report->pair, report->days);
  else
    tell_nothing();
  json_array(&json, "problems");
  for (size_t i = 0; i < report->count; i++) json_str(&json, NULL, report->problems[i]);
  json_close(&json);
  json_close(&json);
}

void reports_begin(settings_t const *chosen, size_t columns) {
  settings = chosen;
  width = columns;
  if (settings->is_json) json_array(&json, NULL);
}

void reports_add(report_t const *report) {
  if (settings->is_quiet && report->verdict == VERDICT_OK) return;
  if (settings->is_json)
    tell(report);
  else
    print_row(report);
}

int reports_end(void) {
  if (settings->is_json) json_close(&json);
  return print_end(&out);
}
