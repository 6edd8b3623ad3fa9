#include "wire.h"

#include "mime/mime.h"

static char *put(relay_wire_t *wire, char c, char *out) {
  if (wire->dots && !wire->in_line && c == '.') *out++ = '.';
  wire->in_line = true;
  *out++ = c;
  return out;
}

static char *put_end(relay_wire_t *wire, char *out) {
  wire->in_line = false;
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

size_t relay_wire_feed(relay_wire_t *wire, char const *s, size_t len, char *out) {
  char *at = out;
  for (; len--; s++) {
    if (wire->cr && *s != '\n') at = put(wire, ' ', at);
    wire->cr = *s == '\r';
    if (*s == '\n')
      at = put_end(wire, at);
    else if (!wire->cr)
      at = put(wire, *s ? *s : ' ', at);
  }
  return (size_t)(at - out);
}

size_t relay_wire_end(relay_wire_t *wire, char *out) {
  bool const unfinished = wire->in_line || wire->cr;
  wire->cr = false;
  return unfinished ? (size_t)(put_end(wire, out) - out) : 0;
}

/* ---- */

static void end_line(relay_content_t *content) {
  if (!content->line) content->in_body = true;
  content->wire_size += 2;
  content->line = 0;
  content->cr = false;
}

static void look(relay_content_t *content, char c) {
  bool const eight_bit = (unsigned char)c & 0x80;
  if (eight_bit && content->in_body) content->eight_bit_body = true;
  if (eight_bit && !content->in_body) content->eight_bit_header = true;
  if (!c) content->strange = true;
  content->wire_size++;
  if (++content->line > MIME_LINE_MAX) content->long_lines = true;
}

static void look_at_cr(relay_content_t *content) {
  content->strange = true;
  content->cr = false;
  look(content, ' ');
}

void relay_content_feed(relay_content_t *content, char const *s, size_t len) {
  for (; len--; s++) {
    if (content->cr && *s != '\n') look_at_cr(content);
    if (*s == '\n')
      end_line(content);
    else if (*s == '\r')
      content->cr = true;
    else
      look(content, *s);
  }
}

void relay_content_end(relay_content_t *content) {
  if (content->line || content->cr) end_line(content);
}
