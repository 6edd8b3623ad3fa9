/* What smtp_body_feed must do, said plainly: a model that sees the whole input at once. */

#ifndef TESTS_SMTP_BODY_MODEL_H
#define TESTS_SMTP_BODY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "smtp/smtp.h"

enum { MODEL_MAX = 8192 };

typedef struct outcome {
  size_t taken;
  bool bare, ended;
  size_t len;
  char text[MODEL_MAX];
} outcome_t;

/* The bytes up to and with the end of DATA; 0 if it is not there. */
static inline size_t model_end(char const *s, size_t len) {
  if (len >= 3 && !memcmp(s, ".\r\n", 3)) return 3;
  char const *end = memmem(s, len, "\r\n.\r\n", 5);
  return end ? (size_t)(end - s) + 5 : 0;
}

static inline void model_run(outcome_t *o, char const *s, size_t len, bool data) {
  size_t end = data ? model_end(s, len) : 0;
  o->ended = end > 0;
  o->taken = end ? end : len;
  o->bare = false;
  o->len = 0;
  size_t content = end ? end - 3 : len;
  for (size_t i = 0; i < content; i++) {
    bool after_cr = i && s[i - 1] == '\r', last = i + 1 == content;
    bool line_start = !i || s[i - 1] == '\n';
    if (s[i] == '\n' && !after_cr) o->bare = true;
    if (s[i] == '\r' && !last && s[i + 1] != '\n') o->bare = true;
    if (s[i] != '\r' && !(data && line_start && s[i] == '.')) o->text[o->len++] = s[i];
  }
}

/* Runs the machine itself over s, in pieces of at most piece bytes. One that gives out bytes after
   a bare CR or LF, or leaves some before the end, takes a number of them that no model takes. */
static inline void machine_run(outcome_t *o, char *s, size_t len, bool data, size_t piece) {
  smtp_body_t body;
  if (data)
    smtp_body_data(&body);
  else
    smtp_body_chunks(&body);
  o->taken = o->len = 0;
  while (o->taken < len && !body.ended) {
    size_t n = len - o->taken < piece ? len - o->taken : piece, out;
    size_t taken = smtp_body_feed(&body, s + o->taken, n, &out);
    memcpy(o->text + o->len, s + o->taken, out);
    o->len += out;
    o->taken += taken;
    if ((taken < n && !body.ended) || (body.bare && out)) o->taken = len + 1;
  }
  o->bare = body.bare;
  o->ended = body.ended;
}

static inline bool outcome_same(outcome_t const *got, outcome_t const *want) {
  return got->taken == want->taken && got->ended == want->ended && got->bare == want->bare &&
         (got->bare || (got->len == want->len && !memcmp(got->text, want->text, got->len)));
}

#endif
