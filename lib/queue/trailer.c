#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/types.h>

#include "queue/format.h"

/* ---- writing ---- */

/* Counts, and writes if there is where to. */
typedef struct writer {
  char *out;
  size_t len;
} writer_t;

static void put(writer_t *writer, char const *bytes, size_t len) {
  if (writer->out && len) memcpy(writer->out + writer->len, bytes, len);
  writer->len += len;
}

static void put_record(writer_t *writer, char const *letter, char const *s) {
  put(writer, letter, 1);
  put(writer, s, strlen(s) + 1);
}

static void put_headers(writer_t *writer, char const *headers) {
  size_t len = headers ? strlen(headers) : 0;
  if (!len) return;
  put(writer, "H", 1);
  put(writer, headers, len);
  if (headers[len - 1] != '\n') put(writer, "\n", 1);
  put(writer, "", 1);
}

static void put_ranges(writer_t *writer, queue_range_t const *ranges, size_t nranges) {
  if (!nranges) return;
  put(writer, "C", 1);
  for (size_t i = 0; i < nranges; i++) {
    char text[2 * UINT64_FMT + 2];
    size_t len = 0;
    if (i) text[len++] = ',';
    len += uint64_fmt(text + len, ranges[i].start);
    text[len++] = '-';
    len += uint64_fmt(text + len, ranges[i].end);
    put(writer, text, len);
  }
  put(writer, "", 1);
}

size_t queue_trailer_write(char *out, queue_draft_t const *draft) {
  writer_t writer = {.out = out};
  put_record(&writer, "I", draft->id);
  put_record(&writer, "F", draft->envelope.sender);
  put(&writer, draft->envelope.recipients, draft->envelope.recipients_len);
  put(&writer, draft->envelope.parameters, draft->envelope.parameters_len);
  put_headers(&writer, draft->headers);
  put_ranges(&writer, draft->ranges, draft->nranges);
  for (char const *const *fact = draft->facts; *fact; fact++) put_record(&writer, "V", *fact);
  return writer.len;
}

/* ---- parsing ---- */

static int take_id(queue_cursor_t *cursor, queue_entry_t *entry) {
  entry->id = queue_take_record(cursor, 'I');
  return entry->id && chain_id_valid(entry->id) ? 0 : -1;
}

static int take_headers(queue_cursor_t *cursor, queue_entry_t *entry) {
  char const *headers = queue_take_record(cursor, 'H');
  entry->headers = headers ? headers : "";
  entry->headers_len = strlen(entry->headers);
  if (!headers) return 0;
  bool whole = entry->headers_len && headers[entry->headers_len - 1] == '\n';
  return whole && queue_headers_valid(headers) ? 0 : -1;
}

static int take_facts(queue_cursor_t *cursor, queue_entry_t *entry) {
  entry->facts = cursor->at;
  for (char const *fact; (fact = queue_take_record(cursor, 'V'));)
    if (*fact == '=' || !strchr(fact, '=')) return -1;
  entry->facts_len = (size_t)(cursor->at - entry->facts);
  return 0;
}

static size_t count_ranges(char const *s) {
  size_t n = 1;
  for (; *s; s++) n += *s == ',';
  return n;
}

static int parse_ranges(queue_entry_t *entry, char const *s) {
  size_t max = count_ranges(s);
  if (max > QUEUE_RANGES_MAX) return errno = EBADMSG, -1;
  entry->ranges = malloc(max * sizeof *entry->ranges);
  if (!entry->ranges) return -1;
  ssize_t n = queue_ranges_parse(entry->ranges, max, s, entry->message_size);
  if (n >= 0) {
    entry->nranges = (size_t)n;
    return 0;
  }
  free(entry->ranges);
  entry->ranges = NULL;
  return errno = EBADMSG, -1;
}

int queue_trailer_parse(queue_entry_t *entry, char const *bytes, size_t len) {
  queue_cursor_t cursor = {bytes, bytes + len};
  entry->ranges = NULL;
  entry->nranges = 0;
  if (take_id(&cursor, entry) < 0 || queue_take_addresses(&cursor, &entry->envelope) < 0 ||
      queue_take_parameters(&cursor, &entry->envelope) < 0 || take_headers(&cursor, entry) < 0)
    return errno = EBADMSG, -1;
  char const *ranges = queue_take_record(&cursor, 'C');
  if (take_facts(&cursor, entry) < 0 || cursor.at != cursor.end) return errno = EBADMSG, -1;
  return ranges ? parse_ranges(entry, ranges) : 0;
}
