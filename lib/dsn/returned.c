/* What is returned: the message, or its header (RFC 3461 4.3, RFC 6522 3 and 4). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dsn/internal.h"
#include "mime/mime.h"
#include "text/text.h"

/* ---- the header ----------------------------------------------------------------------------- */

static ssize_t read_start(dsn_draft_t *draft) {
  queue_stream_t stream = queue_entry_stream(draft->request->entry);
  size_t len = 0;
  ssize_t n = 1;
  while (n > 0 && len < DSN_HEADER_MAX) {
    n = queue_stream_read(&stream, draft->header + len, DSN_HEADER_MAX - len);
    if (n > 0) len += (size_t)n;
  }
  return n < 0 ? -1 : (ssize_t)len;
}

/* Fields up to the empty line, or what is no field. One that is cut ends with a whole line, if it
   has one. */
static size_t header_end(char const *s, size_t len) {
  mime_field_t field;
  size_t at = 0, end = 0;
  while (mime_field_next(s, len, &at, &field) > 0) end = field.end;
  if (end < DSN_HEADER_MAX) return end;
  char const *newline = memrchr(s, '\n', end);
  return newline ? (size_t)(newline - s) + 1 : end;
}

int dsn_header_read(dsn_draft_t *draft) {
  draft->header = malloc(DSN_HEADER_MAX);
  if (!draft->header) return -1;
  ssize_t const n = read_start(draft);
  if (n < 0) return -1;
  draft->header_len = header_end(draft->header, (size_t)n);
  return 0;
}

char const *dsn_header_value(dsn_draft_t const *draft, char const *name, size_t *len) {
  mime_field_t field;
  size_t at = 0;
  while (mime_field_next(draft->header, draft->header_len, &at, &field) > 0) {
    if (!mime_field_is(draft->header, &field, name)) continue;
    *len = field.value_end - field.value_begin;
    return draft->header + field.value_begin;
  }
  return NULL;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_message(dsn_sink_t *sink, dsn_draft_t const *draft) {
  queue_stream_t stream = queue_entry_stream(draft->request->entry);
  char buffer[16384];
  ssize_t n;
  while ((n = queue_stream_read(&stream, buffer, sizeof buffer)) > 0)
    dsn_put(sink, buffer, (size_t)n);
  if (n < 0 && !sink->error) sink->error = errno;
}

bool dsn_returned_encoded(dsn_draft_t const *draft) {
  bool const fits = draft->returned.longest <= MIME_LINE_MAX && !draft->returned.odd;
  return !draft->whole && !fits;
}

/* Quoted-printable (RFC 2045 6.7) of one byte. */
static size_t encode(char *out, char c, bool is_last) {
  static char const hex[] = "0123456789ABCDEF";
  bool const plain = (is_printable(c) && c != '=') || c == '\t';
  *out = c;
  if (plain && !(is_last && is_blank(c))) return 1;
  out[0] = '=';
  out[1] = hex[(unsigned char)c >> 4];
  out[2] = hex[(unsigned char)c & 15];
  return 3;
}

static void put_encoded(dsn_sink_t *sink, char const *s, size_t len) {
  char piece[3];
  size_t column = 0;
  for (size_t at = 0; at < len; at++) {
    bool const is_last = at + 1 == len || s[at + 1] == '\n';
    if (s[at] == '\n') {
      dsn_put(sink, "\n", 1);
      column = 0;
      continue;
    }
    size_t const n = encode(piece, s[at], is_last);
    if (column + n > 75) dsn_put(sink, "=\n", 2), column = 0;
    dsn_put(sink, piece, n);
    column += n;
  }
}

void dsn_put_returned(dsn_sink_t *sink, dsn_draft_t const *draft) {
  if (draft->whole)
    put_message(sink, draft);
  else if (dsn_returned_encoded(draft))
    put_encoded(sink, draft->header, draft->header_len);
  else
    dsn_put(sink, draft->header, draft->header_len);
}
