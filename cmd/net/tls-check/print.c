#include <stdio.h>
#include <string.h>

#include "tls-check.h"

static settings_t const *settings;
static size_t width; /* of names */
static bool is_first = true;

static char const *const verdicts[] = {[VERDICT_OK] = "ok",
                                       [VERDICT_WARNING] = "warning",
                                       [VERDICT_CRITICAL] = "critical",
                                       [VERDICT_UNKNOWN] = "unknown"};

/* ---- a table --------------------------------------------------------------------------------- */

/* File names may be made of anything. */
static void put(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++) putchar(s[i] >= ' ' && s[i] < 0x7f ? s[i] : '?');
}

static void put_padded(char const *s, size_t columns) {
  size_t const len = strlen(s);
  put(s, len);
  for (size_t i = len; i < columns + 2; i++) putchar(' ');
}

static void put_pair(cert_pair_t const *pair, int64_t days) {
  cert_names_t names = pair->names;
  cert_bytes_t name;
  char type[32];
  bool const has_bits = pair->public.type == CERT_RSA;
  snprintf(type, sizeof type, has_bits ? "%s-%u" : "%s", cert_key_type_name(pair->public.type),
           pair->public.bits);
  printf("%-9s %5lld ", type, (long long)days);
  while (cert_names_next(&names, &name)) {
    putchar(' ');
    put((char const *)name.at, name.len);
  }
}

static void print_row(report_t const *report) {
  putchar(report->is_default ? '*' : ' ');
  putchar(' ');
  put_padded(verdicts[report->verdict], 8);
  put_padded(report->name, width);
  if (report->pair)
    put_pair(report->pair, report->days);
  else
    fputs("-             -  -", stdout);
  putchar('\n');
  for (size_t i = 0; i < report->count; i++) {
    fputs("            ", stdout);
    put(report->problems[i], strlen(report->problems[i]));
    putchar('\n');
  }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_string(char const *s, size_t len) {
  putchar('"');
  for (size_t i = 0; i < len; i++) {
    unsigned char const c = (unsigned char)s[i];
    if (c == '"' || c == '\\') putchar('\\');
    if (c < ' ' || c >= 0x7f)
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

static void put_key(char const *key) {
  printf(",\"%s\":", key);
}

static void put_text(char const *key, char const *text) {
  put_key(key);
  put_string(text, strlen(text));
}

static void put_names(cert_names_t names) {
  cert_bytes_t name;
  char const *before = "[";
  put_key("names");
  while (cert_names_next(&names, &name)) {
    fputs(before, stdout);
    put_string((char const *)name.at, name.len);
    before = ",";
  }
  fputs(*before == '[' ? "[]" : "]", stdout);
}

static void put_facts(cert_pair_t const *pair, int64_t days) {
  char hash[CERT_HASH_TEXT];
  cert_bytes_t const *const leaf = &pair->chain.certificates[0];
  cert_hash_text(leaf->at, leaf->len, hash);
  put_text("type", cert_key_type_name(pair->public.type));
  printf(",\"bits\":%u,\"not_after\":%lld,\"days\":%lld,\"chain\":%zu", pair->public.bits,
         (long long)pair->not_after, (long long)days, pair->chain.count);
  put_text("hash", hash);
  put_names(pair->names);
}

static void put_nothing(void) {
  static char const *const keys[] = {"type", "bits", "not_after", "days", "chain", "hash", "names"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    put_key(keys[i]);
    fputs("null", stdout);
  }
}

static void put_problems(report_t const *report) {
  put_key("problems");
  putchar('[');
  for (size_t i = 0; i < report->count; i++) {
    if (i) putchar(',');
    put_string(report->problems[i], strlen(report->problems[i]));
  }
  putchar(']');
}

static void print_object(report_t const *report) {
  fputs(is_first ? "{" : ",\n{", stdout);
  printf("\"default\":%s", report->is_default ? "true" : "false");
  put_text("path", report->path);
  put_text("name", report->name);
  put_text("verdict", verdicts[report->verdict]);
  if (report->pair)
    put_facts(report->pair, report->days);
  else
    put_nothing();
  put_problems(report);
  putchar('}');
}

void print_begin(settings_t const *chosen, size_t columns) {
  settings = chosen;
  width = columns;
  if (settings->is_json) putchar('[');
}

void print_report(report_t const *report) {
  if (settings->is_quiet && report->verdict == VERDICT_OK) return;
  if (settings->is_json)
    print_object(report);
  else
    print_row(report);
  is_first = false;
}

void print_end(void) {
  if (settings->is_json) puts("]");
}
