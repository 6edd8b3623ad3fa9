/* tls-check: see tls-check(1). */
#ifndef TLS_CHECK_H
#define TLS_CHECK_H

#include "cert/cert.h"

#define PROBLEMS_MAX 24

/* In the order of exit codes. */
typedef enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN } verdict_t;

typedef struct settings {
  int64_t warning, critical; /* days */
  char const *folder;
  char const *anchors; /* a file, or NULL */
  bool is_json, is_quiet;
} settings_t;

/* What was found out about one pair. */
typedef struct report {
  char const *name, *path;
  cert_pair_t const *pair; /* NULL: it is no good */
  bool is_default;
  int64_t days;
  verdict_t verdict;
  size_t count;
  char problems[PROBLEMS_MAX][160];
} report_t;

/* ---- anchors.c: the certificates that clients trust ---- */

/* Reads a PEM file of any number of them. 0, or -1 with errno. */
int anchors_read(char const *path);
/* True if one of them is this certificate, or signed it. */
bool anchors_lead_from(cert_bytes_t const *certificate);

/* ---- inspect.c ---- */

/* Says what is wrong with a pair, of which wrong says why it cannot be used, or NULL. */
void inspect(report_t *report, settings_t const *settings, cert_files_t const *files,
             char const *wrong, int64_t now);

/* ---- print.c ---- */

/* A table, with so many columns for names; or an array in JSON. */
void reports_begin(settings_t const *chosen, size_t columns);
void reports_add(report_t const *report);
/* 0, or -1 with errno if not all could be written. */
int reports_end(void);

#endif
