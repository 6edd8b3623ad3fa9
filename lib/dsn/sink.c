#include <errno.h>
#include <string.h>

#include <skalibs/allreadwrite.h>

#include "dsn/internal.h"
#include "text/text.h"

enum { WIDTH = 76, LINE_MAX_BYTES = 900 };

/* ---- looking -------------------------------------------------------------------------------- */

static char const hex[] = "0123456789abcdef";

void dsn_sink_init(dsn_sink_t *sink, char const *id) {
  *sink = (dsn_sink_t){.fd = -1};
  memcpy(sink->stem, "--=_", 4);
  memcpy(sink->stem + 4, id, CHAIN_ID_SIZE);
  sink->stem[4 + CHAIN_ID_SIZE] = '.';
}

void dsn_sink_part(dsn_sink_t *sink) {
  sink->survey = (dsn_survey_t){0};
  sink->column = 0;
}

/* The line at hand begins as a boundary's would: that one is taken. */
static void look_at_start(dsn_sink_t *sink) {
  char const *s = sink->start + DSN_BOUNDARY_STEM;
  char const *high = memchr(hex, s[0], 16), *low = memchr(hex, s[1], 16);
  if (memcmp(sink->start, sink->stem, DSN_BOUNDARY_STEM) != 0 || !high || !low) return;
  sink->used[(high - hex) * 16 + (low - hex)] = true;
}

/* Keeps what may be the start of a boundary's line. */
static void look_at_line(dsn_sink_t *sink, char const *s, size_t len) {
  size_t const want = sizeof sink->start - 1;
  size_t const room = sink->column < want ? want - sink->column : 0, n = len < room ? len : room;
  if (n) memcpy(sink->start + sink->column, s, n);
  if (n && n == room) look_at_start(sink);
  sink->column += len;
  if (sink->column > sink->survey.longest) sink->survey.longest = sink->column;
}

static void look(dsn_sink_t *sink, char const *s, size_t len) {
  dsn_survey_t *survey = &sink->survey;
  survey->odd = survey->odd || memchr(s, '\r', len) || memchr(s, 0, len);
  survey->eight_bit = survey->eight_bit || !dsn_is_ascii(s, len);
  for (char const *end = s + len, *newline; s < end; s = newline + 1) {
    newline = memchr(s, '\n', (size_t)(end - s));
    look_at_line(sink, s, (size_t)((newline ? newline : end) - s));
    if (!newline) break;
    sink->column = 0;
  }
}

int dsn_sink_boundary(dsn_sink_t const *sink, char boundary[DSN_BOUNDARY_SIZE]) {
  size_t i = 0;
  while (i < DSN_BOUNDARIES && sink->used[i]) i++;
  if (i == DSN_BOUNDARIES) return errno = EEXIST, -1;
  memcpy(boundary, sink->stem + 2, DSN_BOUNDARY_STEM - 2);
  boundary[DSN_BOUNDARY_STEM - 2] = hex[i / 16];
  boundary[DSN_BOUNDARY_STEM - 1] = hex[i % 16];
  boundary[DSN_BOUNDARY_STEM] = 0;
  return 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

void dsn_sink_open(dsn_sink_t *sink, int fd) {
  sink->fd = fd;
  sink->len = 0;
}

static void flush(dsn_sink_t *sink) {
  if (!sink->error && allwrite(sink->fd, sink->buffer, sink->len) < sink->len) sink->error = errno;
  sink->len = 0;
}

int dsn_sink_close(dsn_sink_t *sink) {
  flush(sink);
  return sink->error ? (errno = sink->error, -1) : 0;
}

static void write_bytes(dsn_sink_t *sink, char const *s, size_t len) {
  while (len) {
    size_t const room = sizeof sink->buffer - sink->len, n = len < room ? len : room;
    memcpy(sink->buffer + sink->len, s, n);
    sink->len += n;
    s += n;
    len -= n;
    if (sink->len == sizeof sink->buffer) flush(sink);
  }
}

void dsn_put(dsn_sink_t *sink, char const *s, size_t len) {
  if (sink->fd >= 0)
    write_bytes(sink, s, len);
  else
    look(sink, s, len);
}

void dsn_puts(dsn_sink_t *sink, char const *s) {
  dsn_put(sink, s, strlen(s));
}

/* ---- wrapping ------------------------------------------------------------------------------- */

static size_t columns(char const *s, size_t len) {
  size_t n = 0;
  for (size_t i = 0; i < len; i++) n += !is_continuation(s[i]);
  return n;
}

/* Bytes of the next piece that stays together: a word, or as much of one as a line can hold. */
static size_t word_len(char const *s) {
  size_t len = strcspn(s, " \t");
  if (len <= LINE_MAX_BYTES - WIDTH) return len;
  len = LINE_MAX_BYTES - WIDTH;
  while (is_continuation(s[len])) len--;
  return len;
}

void dsn_put_wrapped(dsn_sink_t *sink, char const *first, char const *indent, char const *text) {
  size_t column = columns(first, strlen(first)), words = 0;
  dsn_puts(sink, first);
  for (;; words++) {
    text += strspn(text, " \t");
    if (!*text) break;
    size_t const len = word_len(text), width = columns(text, len);
    bool const full = words && column + 1 + width > WIDTH;
    if (full) {
      dsn_put(sink, "\n", 1);
      dsn_puts(sink, indent);
      column = columns(indent, strlen(indent));
    } else if (words) {
      dsn_put(sink, " ", 1);
      column++;
    }
    dsn_put(sink, text, len);
    column += width;
    text += len;
  }
  dsn_put(sink, "\n", 1);
}
