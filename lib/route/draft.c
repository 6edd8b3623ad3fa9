#include "route/draft.h"

#include <stdarg.h>
#include <stdio.h>

#define REPORT_MAX 1024 /* bytes of one finding; a longer one is cut */
#define ERRORS_MAX 100  /* that are reported one by one */

slice_t draft_add(draft_t *draft, char const *s, size_t len) {
  slice_t slice = {draft->bytes.len, len};
  if (!stralloc_catb(&draft->bytes, s, len) || !stralloc_0(&draft->bytes)) {
    draft->failed = true;
    slice.len = 0;
  }
  return slice;
}

void draft_refer(draft_t *draft, reference_kind_t kind, slice_t text) {
  reference_t reference = {draft->line, kind, text};
  if (!genalloc_append(reference_t, &draft->references, &reference)) draft->failed = true;
}

static void report(draft_t *draft, size_t line, route_severity_t severity, char const *format,
                   va_list args) {
  char text[REPORT_MAX];
  vsnprintf(text, sizeof text, format, args);
  draft->report(draft->data, line, severity, text);
}

void draft_error(draft_t *draft, size_t line, char const *format, ...) {
  va_list args;
  if (++draft->errors > ERRORS_MAX) return;
  va_start(args, format);
  report(draft, line, ROUTE_ERROR, format, args);
  va_end(args);
}

void draft_end(draft_t *draft) {
  char text[REPORT_MAX];
  if (draft->errors <= ERRORS_MAX) return;
  snprintf(text, sizeof text, "and %zu errors more", draft->errors - ERRORS_MAX);
  draft->report(draft->data, 0, ROUTE_ERROR, text);
}

void draft_warn(draft_t *draft, size_t line, char const *format, ...) {
  va_list args;
  va_start(args, format);
  report(draft, line, ROUTE_WARNING, format, args);
  va_end(args);
}

draft_rule_t *draft_rule(draft_t *draft) {
  return draft_rules(draft) + genalloc_len(draft_rule_t, &draft->rules) - 1;
}

char const *draft_key(draft_t *draft) {
  return draft->bytes.s + draft_rule(draft)->key.at;
}

void draft_free(draft_t *draft) {
  stralloc_free(&draft->bytes);
  stralloc_free(&draft->items);
  genalloc_free(draft_rule_t, &draft->rules);
  genalloc_free(mention_t, &draft->mentions);
  genalloc_free(reference_t, &draft->references);
}
