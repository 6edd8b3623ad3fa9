#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tls-check.h"

#define DAY 86400

__attribute__((format(printf, 3, 4))) static void add(report_t *report, verdict_t verdict,
                                                      char const *format, ...) {
  va_list words;
  if (verdict > report->verdict) report->verdict = verdict;
  if (report->count == PROBLEMS_MAX) return;
  va_start(words, format);
  vsnprintf(report->problems[report->count++], sizeof *report->problems, format, words);
  va_end(words);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void inspect_end(report_t *report, settings_t const *settings, int64_t now) {
  int64_t const left = report->pair->not_after - now;
  report->days = left < 0 ? -1 : left / DAY;
  if (left < 0)
    add(report, VERDICT_CRITICAL, "ended %lld days ago", (long long)(-left / DAY));
  else if (report->days < settings->critical)
    add(report, VERDICT_CRITICAL, "ends in %lld days", (long long)report->days);
  else if (report->days < settings->warning)
    add(report, VERDICT_WARNING, "ends in %lld days", (long long)report->days);
  if (report->pair->not_before > now) add(report, VERDICT_CRITICAL, "is not valid yet");
}

/* ---- the chain ------------------------------------------------------------------------------- */

static bool is_of_itself(cert_bytes_t const *one) {
  cert_bytes_t subject, issuer;
  return cert_distinguished_names(one->at, one->len, &subject, &issuer) == 0 &&
         subject.len == issuer.len && !memcmp(subject.at, issuer.at, issuer.len);
}

static void inspect_issuer(report_t *report, size_t number, cert_bytes_t const *one, int64_t now) {
  int64_t from, to;
  if (cert_validity(one->at, one->len, &from, &to) < 0 || now < from || now > to)
    add(report, VERDICT_CRITICAL, "certificate %zu of the chain is not valid today", number);
  if (is_of_itself(one))
    add(report, VERDICT_WARNING, "certificate %zu of the chain signed itself, and is of no use",
        number);
}

static void inspect_link(report_t *report, size_t number, cert_bytes_t const *one,
                         cert_bytes_t const *before) {
  switch (cert_signed_by(before->at, before->len, one->at, one->len)) {
  case CERT_SIGNED: break;
  case CERT_NOT_SIGNED:
    add(report, VERDICT_CRITICAL, "certificate %zu of the chain did not sign the one before it",
        number);
    break;
  case CERT_SIGNED_UNKNOWN:
    add(report, VERDICT_WARNING,
        "by what certificate %zu of the chain was signed is not known here", number - 1);
  }
}

static bool leads_to_anchor(cert_chain_t const *chain) {
  for (size_t i = 0; i < chain->count; i++)
    if (anchors_lead_from(&chain->certificates[i])) return true;
  return false;
}

static void inspect_chain(report_t *report, settings_t const *settings, int64_t now) {
  cert_chain_t const *const chain = &report->pair->chain;
  for (size_t i = 1; i < chain->count; i++) {
    inspect_issuer(report, i + 1, &chain->certificates[i], now);
    inspect_link(report, i + 1, &chain->certificates[i], &chain->certificates[i - 1]);
  }
  if (is_of_itself(&chain->certificates[0]))
    add(report, VERDICT_WARNING, "signed itself: only clients that were told so trust it");
  if (settings->anchors && !leads_to_anchor(chain))
    add(report, VERDICT_CRITICAL, "the chain leads to no certificate in %s", settings->anchors);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void inspect_names(report_t *report) {
  cert_names_t names = report->pair->names;
  cert_bytes_t name;
  if (!cert_names_next(&names, &name))
    add(report, VERDICT_WARNING, "is for no name");
  else if (names.is_common_name)
    add(report, VERDICT_WARNING, "has a common name alone, which clients do not look at");
}

static void inspect_key(report_t *report) {
  if (report->pair->public.type == CERT_RSA && report->pair->public.bits < 2048)
    add(report, VERDICT_WARNING, "the key has less than 2048 bits");
}

static void inspect_mode(report_t *report, char const *path) {
  struct stat st;
  if (stat(path, &st) < 0) return;
  if (st.st_mode & S_IROTH) add(report, VERDICT_WARNING, "everybody can read the key");
  if (st.st_mode & (S_IWGRP | S_IWOTH))
    add(report, VERDICT_WARNING, "others than its owner can write to the key's file");
}

void inspect(report_t *report, settings_t const *settings, cert_files_t const *files,
             char const *wrong, int64_t now) {
  if (wrong)
    add(report, VERDICT_CRITICAL, "%s", wrong);
  else {
    inspect_end(report, settings, now);
    inspect_names(report);
    inspect_key(report);
    inspect_chain(report, settings, now);
  }
  inspect_mode(report, files->key ? files->key : files->chain);
}
