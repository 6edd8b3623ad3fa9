#include <string.h>

#include "encode.h"
#include "smtp/smtp.h"

typedef struct scan {
  char const *at, *end;
} scan_t;

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

static void skip_comment(scan_t *scan) {
  unsigned int depth = 0;
  do {
    if (*scan->at == '(') depth++;
    if (*scan->at == ')') depth--;
    if (*scan->at == '\\' && scan->at + 1 < scan->end) scan->at++;
    scan->at++;
  } while (depth && scan->at < scan->end);
}

static void skip_blanks(scan_t *scan) {
  while (scan->at < scan->end && (is_blank(*scan->at) || *scan->at == '(')) {
    if (*scan->at == '(')
      skip_comment(scan);
    else
      scan->at++;
  }
}

static size_t take_token(scan_t *scan, char const **token) {
  *token = scan->at;
  while (scan->at < scan->end && (unsigned char)*scan->at > ' ' &&
         !strchr("()<>@,;:\\\"/[]?=", *scan->at))
    scan->at++;
  return (size_t)(scan->at - *token);
}

/* True if c is there, with blanks around it. */
static bool take_char(scan_t *scan, char c) {
  skip_blanks(scan);
  if (scan->at == scan->end || *scan->at != c) return false;
  scan->at++;
  skip_blanks(scan);
  return true;
}

static bool put(relay_encode_multipart_t *parts, char c) {
  if (parts->len == RELAY_ENCODE_BOUNDARY) return false;
  parts->boundary[parts->len++] = c;
  return true;
}

/* A token, or a quoted string; with it whatever else stands there, as boundaries often hold what
   must be quoted and is not. False: too long. */
static bool take_value(scan_t *scan, relay_encode_multipart_t *parts) {
  bool const quoted = scan->at < scan->end && *scan->at == '"';
  bool fits = true;
  parts->len = 0;
  if (quoted) scan->at++;
  for (; scan->at < scan->end; scan->at++) {
    if (quoted ? *scan->at == '"' : *scan->at == ';' || is_blank(*scan->at)) break;
    if (quoted && *scan->at == '\\' && scan->at + 1 < scan->end) scan->at++;
    fits = put(parts, *scan->at) && fits;
  }
  if (quoted && scan->at < scan->end) scan->at++;
  return fits;
}

/* Blanks at its end do not count: they may have been added on the way (RFC 2046, 5.1.1). */
static bool boundary_finish(relay_encode_multipart_t *parts) {
  while (parts->len && is_blank(parts->boundary[parts->len - 1])) parts->len--;
  return parts->len;
}

/* Goes on to the next parameter, whatever is before it. */
static bool next_parameter(scan_t *scan) {
  bool quoted = false;
  for (; scan->at < scan->end; scan->at++) {
    if (*scan->at == '"') quoted = !quoted;
    if (*scan->at == '\\' && scan->at + 1 < scan->end) scan->at++;
    if (*scan->at == ';' && !quoted) return take_char(scan, ';');
  }
  return false;
}

static bool find_boundary(scan_t *scan, relay_encode_multipart_t *parts) {
  char const *name;
  while (next_parameter(scan)) {
    size_t const len = take_token(scan, &name);
    if (!smtp_word_is(name, len, "boundary") || !take_char(scan, '=')) continue;
    return take_value(scan, parts) && boundary_finish(parts);
  }
  return false;
}

void relay_encode_type_parse(relay_encode_type_t *type, char const *s, size_t len) {
  scan_t scan = {s, s + len};
  char const *main, *sub;
  *type = (relay_encode_type_t){.multipart = false};
  skip_blanks(&scan);
  size_t const main_len = take_token(&scan, &main);
  if (!take_char(&scan, '/')) return;
  size_t const sub_len = take_token(&scan, &sub);
  type->message = smtp_word_is(main, main_len, "message") &&
                  (smtp_word_is(sub, sub_len, "rfc822") || smtp_word_is(sub, sub_len, "global"));
  if (!smtp_word_is(main, main_len, "multipart")) return;
  type->parts.digest = smtp_word_is(sub, sub_len, "digest");
  type->multipart = find_boundary(&scan, &type->parts);
}
