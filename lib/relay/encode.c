#include "encode.h"

#include <string.h>

#include "mime/mime.h"
#include "smtp/smtp.h"

#define QUOTED_MAX 76  /* characters of a line of quoted-printable, RFC 2045, 6.7 */
#define FOLD_AT    900 /* a header's line is folded at the next blank */

void relay_encode_begin(relay_encode_t *encode, relay_encode_pass_t pass) {
  memset(&encode->part, 0, offsetof(relay_encode_t, type) - offsetof(relay_encode_t, part));
  encode->pass = pass;
  encode->is_message = true;
}

/* ---- which parts ---- */

static bool is_marked(unsigned char const *marks, size_t part) {
  return part >= RELAY_ENCODE_PARTS || marks[part / 8] & 1 << part % 8;
}

static void mark(unsigned char *marks, size_t part) {
  if (part < RELAY_ENCODE_PARTS) marks[part / 8] |= (unsigned char)(1 << part % 8);
}

/* part is the number of the next one. */
static void look(relay_encode_t *encode, char c) {
  bool const eight_bit = (unsigned char)c & 0x80;
  size_t const part = encode->part - 1;
  if (eight_bit) mark(encode->eight_bit, part);
  if ((eight_bit && !encode->allow_eight_bit) || !c || c == '\r' || encode->line > MIME_LINE_MAX)
    mark(encode->must, part);
}

/* ---- what goes out ---- */

static void put(relay_encode_t *encode, char c) {
  if (encode->pass == RELAY_ENCODE_WRITE) *encode->out++ = c;
  encode->column++;
  if (c == '\n') encode->column = 0;
}

static void put_text(relay_encode_t *encode, char const *s, size_t len) {
  while (len--) put(encode, *s++);
}

static void put_words(relay_encode_t *encode, char const *s) {
  put_text(encode, s, strlen(s));
}

static char harmless(char c) {
  return c && c != '\r' ? c : ' ';
}

/* A header's bytes. A line that is too long is folded at a blank, or where it must end. */
static void put_header(relay_encode_t *encode, char c) {
  bool const blank = c == ' ' || c == '\t';
  if (c != '\n' && encode->column >= FOLD_AT && blank) put(encode, '\n');
  if (c != '\n' && encode->column >= MIME_LINE_MAX) put_words(encode, "\n ");
  put(encode, harmless(c));
}

static char seven_bit(relay_encode_t const *encode, char c) {
  return (unsigned char)c & 0x80 && !encode->allow_eight_bit ? '?' : harmless(c);
}

static void put_fill(relay_encode_t *encode, char c) {
  if (c != '\n' && encode->column >= MIME_LINE_MAX) put(encode, '\n');
  put(encode, seven_bit(encode, c));
}

/* What is encoded can be broken anywhere, but not within quoted-printable's =XX; "==" is none. */
static void put_opaque(relay_encode_t *encode, char c) {
  bool const quoted = encode->encoding == ENCODING_QUOTED_PRINTABLE;
  bool const whole = !encode->escape || c == '=';
  if (c != '\n' && encode->column >= MIME_LINE_MAX - 4 && whole)
    put_words(encode, quoted ? "=\n" : "\n");
  if (encode->escape) encode->escape--;
  if (quoted && c == '=') encode->escape = 2;
  if (c == '\n') encode->escape = 0;
  put(encode, seven_bit(encode, c));
}

/* ---- quoted-printable (RFC 2045, 6.7) ---- */

static bool is_literal(relay_encode_t const *encode, char c) {
  if (c == ' ' || c == '\t') return true;
  /* A line that we begin must not look like a boundary. */
  if (c == '-' && encode->is_soft && !encode->column) return false;
  return c > ' ' && c < 0x7f && c != '=';
}

static void break_softly(relay_encode_t *encode, size_t len) {
  if (encode->column + len < QUOTED_MAX) return;
  put_words(encode, "=\n");
  encode->is_soft = true;
}

static void put_hex(relay_encode_t *encode, char c) {
  static char const digits[] = "0123456789ABCDEF";
  unsigned char const byte = (unsigned char)c;
  break_softly(encode, 3);
  put(encode, '=');
  put(encode, digits[byte >> 4]);
  put(encode, digits[byte & 15]);
}

static void put_literal(relay_encode_t *encode, char c) {
  break_softly(encode, 1);
  if (is_literal(encode, c))
    put(encode, c);
  else
    put_hex(encode, c);
}

static void flush_blank(relay_encode_t *encode, bool last) {
  char const blank = encode->blank;
  encode->blank = 0;
  if (blank && last) put_hex(encode, blank);
  if (blank && !last) put_literal(encode, blank);
}

static void put_coded(relay_encode_t *encode, char c) {
  flush_blank(encode, c == '\n');
  if (c == ' ' || c == '\t') {
    encode->blank = c;
  } else if (c == '\n') {
    put(encode, c);
    encode->is_soft = false;
  } else if (is_literal(encode, c)) {
    put_literal(encode, c);
  } else {
    put_hex(encode, c);
  }
}

/* ---- entities ---- */

static void begin_entity(relay_encode_t *encode, bool is_message) {
  encode->region = REGION_HEADER;
  encode->is_message = is_message;
  encode->has_type = encode->has_version = encode->has_encoding = false;
  encode->field = FIELD_OTHER;
  encode->encoding = ENCODING_NONE;
  encode->type_len = encode->held_len = 0;
}

static void put_held(relay_encode_t *encode) {
  put_text(encode, encode->held, encode->held_len);
  encode->held_len = 0;
}

/* A part or message of which nothing has to be encoded but what is in it. */
static void end_composite_header(relay_encode_t *encode) {
  if (encode->has_encoding && !encode->allow_eight_bit)
    put_words(encode, "Content-Transfer-Encoding: 7bit\n");
  else
    put_held(encode);
}

static void end_coded_header(relay_encode_t *encode, size_t part) {
  if (encode->is_message && !encode->has_version) put_words(encode, "MIME-Version: 1.0\n");
  if (!encode->has_type && is_marked(encode->eight_bit, part))
    put_words(encode, "Content-Type: text/plain; charset=unknown-8bit\n");
  put_words(encode, "Content-Transfer-Encoding: quoted-printable\n");
  encode->is_soft = false;
}

static void begin_leaf(relay_encode_t *encode) {
  size_t const part = encode->part++;
  bool const coded = encode->pass == RELAY_ENCODE_WRITE && is_marked(encode->must, part);
  encode->region = coded ? REGION_CODED : REGION_LEAF;
  if (coded)
    end_coded_header(encode, part);
  else
    put_held(encode);
}

static void begin_multipart(relay_encode_t *encode, relay_encode_multipart_t const *parts) {
  encode->region = REGION_FILL;
  if (encode->depth < RELAY_ENCODE_DEPTH) encode->multiparts[encode->depth++] = *parts;
}

static bool is_in_digest(relay_encode_t const *encode) {
  return encode->depth && encode->multiparts[encode->depth - 1].digest && !encode->is_message;
}

/* Writes what the header lacks, and the empty line behind it. */
static void end_header(relay_encode_t *encode) {
  relay_encode_type_t type = {.message = is_in_digest(encode)};
  if (encode->has_type && encode->type_len < sizeof encode->type)
    relay_encode_type_parse(&type, encode->type, encode->type_len);
  if (encode->encoding != ENCODING_NONE) {
    encode->region = REGION_OPAQUE;
    put_held(encode);
  } else if (type.multipart || type.message) {
    end_composite_header(encode);
  } else {
    begin_leaf(encode);
  }
  put(encode, '\n');
  if (encode->encoding != ENCODING_NONE) return;
  if (type.multipart) begin_multipart(encode, &type.parts);
  if (type.message) begin_entity(encode, true);
}

/* ---- boundaries ---- */

static bool is_rest_of_boundary(char const *s, size_t len, bool *closes) {
  *closes = len >= 2 && s[0] == '-' && s[1] == '-';
  for (size_t i = *closes ? 2 : 0; i < len; i++)
    if (s[i] != ' ' && s[i] != '\t' && s[i] != '\n') return false;
  return true;
}

/* The multipart whose boundary the line is, counted from 1; 0: none's. */
static size_t find_multipart(relay_encode_t const *encode, char const *s, size_t len,
                             bool *closes) {
  if (len < 3 || s[0] != '-' || s[1] != '-') return 0;
  for (size_t depth = encode->depth; depth; depth--) {
    relay_encode_multipart_t const *const multipart = &encode->multiparts[depth - 1];
    if (len - 2 >= multipart->len && !memcmp(s + 2, multipart->boundary, multipart->len) &&
        is_rest_of_boundary(s + 2 + multipart->len, len - 2 - multipart->len, closes))
      return depth;
  }
  return 0;
}

static bool take_boundary(relay_encode_t *encode, bool complete) {
  bool closes;
  size_t const depth =
      complete ? find_multipart(encode, encode->start, encode->start_len, &closes) : 0;
  if (!depth) return false;
  if (encode->region == REGION_HEADER) put_held(encode);
  flush_blank(encode, true);
  put_text(encode, encode->start, encode->start_len);
  encode->depth = depth - closes;
  if (closes)
    encode->region = REGION_FILL;
  else
    begin_entity(encode, false);
  return true;
}

/* ---- header lines ---- */

/* Bytes of a field's name; 0: the line is no field. */
static size_t name_length(char const *s, size_t len, bool complete) {
  size_t n = 0;
  while (n < len && s[n] > ' ' && s[n] < 0x7f && s[n] != ':') n++;
  size_t colon = n;
  while (colon < len && (s[colon] == ' ' || s[colon] == '\t')) colon++;
  bool const found = colon < len && s[colon] == ':';
  return found || (!complete && n == len) ? n : 0;
}

static relay_encode_field_t field_of(char const *name, size_t len) {
  if (smtp_word_is(name, len, "Content-Type")) return FIELD_TYPE;
  if (smtp_word_is(name, len, "Content-Transfer-Encoding")) return FIELD_ENCODING;
  if (smtp_word_is(name, len, "MIME-Version")) return FIELD_VERSION;
  return FIELD_OTHER;
}

static relay_encode_encoding_t encoding_of(char const *s, size_t len) {
  static char const *const none[] = {"7bit", "8bit", "binary", ""};
  size_t start = 0;
  while (start < len && (s[start] == ' ' || s[start] == '\t')) start++;
  size_t end = start;
  while (end < len && (unsigned char)s[end] > ' ' && s[end] != ';' && s[end] != '(') end++;
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    if (smtp_word_is(s + start, end - start, none[i])) return ENCODING_NONE;
  return smtp_word_is(s + start, end - start, "quoted-printable") ? ENCODING_QUOTED_PRINTABLE
                                                                  : ENCODING_OTHER;
}

/* The first of several fields counts. */
static void begin_field(relay_encode_t *encode, size_t name_len) {
  char const *const value = memchr(encode->start, ':', encode->start_len);
  encode->field = field_of(encode->start, name_len);
  if (encode->field == FIELD_VERSION) encode->has_version = true;
  if (encode->field == FIELD_TYPE && encode->has_type) encode->field = FIELD_OTHER;
  if (encode->field == FIELD_TYPE) encode->has_type = true;
  if (encode->field != FIELD_ENCODING || !value) return;
  size_t const at = (size_t)(value - encode->start) + 1;
  if (!encode->has_encoding)
    encode->encoding = encoding_of(encode->start + at, encode->start_len - at);
  encode->has_encoding = true;
}

static void hold(relay_encode_t *encode, char c) {
  if (encode->held_len < sizeof encode->held) encode->held[encode->held_len++] = harmless(c);
  if (encode->held_len == sizeof encode->held) encode->held[encode->held_len - 1] = '\n';
}

static void take_header_byte(relay_encode_t *encode, char c) {
  if (encode->field == FIELD_ENCODING) {
    hold(encode, c);
    return;
  }
  if (encode->field == FIELD_TYPE && encode->type_len < sizeof encode->type)
    encode->type[encode->type_len++] = c;
  put_header(encode, c);
}

/* ---- lines ---- */

static void take_byte(relay_encode_t *encode, char c) {
  switch (encode->region) {
  case REGION_HEADER: take_header_byte(encode, c); break;
  case REGION_LEAF:
    if (encode->pass == RELAY_ENCODE_LOOK) look(encode, c);
    put_fill(encode, c);
    break;
  case REGION_CODED: put_coded(encode, c); break;
  case REGION_OPAQUE: put_opaque(encode, c); break;
  case REGION_FILL: put_fill(encode, c); break;
  }
}

static void take_bytes(relay_encode_t *encode, char const *s, size_t len) {
  for (; len--; s++) {
    encode->line++;
    if (*s == '\n') encode->line = 0;
    take_byte(encode, *s);
  }
}

/* Finds out what a header's line is. False: it is dealt with. */
static bool begin_header_line(relay_encode_t *encode, bool complete) {
  char const *const s = encode->start;
  bool const is_folded = *s == ' ' || *s == '\t';
  if (*s == '\n') {
    end_header(encode);
    return false;
  }
  size_t const name_len = is_folded ? 0 : name_length(s, encode->start_len, complete);
  if (name_len)
    begin_field(encode, name_len);
  else if (!is_folded)
    end_header(encode); /* readers disagree on such a line, unless it stands behind an empty one */
  else if (encode->field == FIELD_TYPE && encode->type_len < sizeof encode->type)
    encode->type[encode->type_len++] = ' ';
  return true;
}

static void skip_name(relay_encode_t *encode) {
  if (encode->region != REGION_HEADER || encode->field != FIELD_TYPE || encode->type_len) return;
  char const *const colon = memchr(encode->start, ':', encode->start_len);
  size_t const len = colon ? (size_t)(colon - encode->start) + 1 : 0;
  put_text(encode, encode->start, len);
  encode->line += len;
  encode->start_len -= len;
  memmove(encode->start, encode->start + len, encode->start_len);
}

/* complete: start is the whole line. */
static void begin_line(relay_encode_t *encode, bool complete) {
  encode->in_line = !complete;
  if (!take_boundary(encode, complete) &&
      (encode->region != REGION_HEADER || begin_header_line(encode, complete))) {
    skip_name(encode);
    take_bytes(encode, encode->start, encode->start_len);
  }
  encode->start_len = 0;
}

static void take(relay_encode_t *encode, char c) {
  if (encode->in_line) {
    take_bytes(encode, &c, 1);
    encode->in_line = c != '\n';
    return;
  }
  encode->start[encode->start_len++] = c;
  if (c == '\n')
    begin_line(encode, true);
  else if (encode->start_len == sizeof encode->start)
    begin_line(encode, false);
}

size_t relay_encode_feed(relay_encode_t *encode, char const *s, size_t len, char *out) {
  encode->out = out;
  for (; len--; s++) {
    if (encode->cr && *s != '\n') take(encode, '\r');
    encode->cr = *s == '\r';
    if (!encode->cr) take(encode, *s);
  }
  return (size_t)(encode->out - out);
}

/* A header without an end: what was held back still belongs to it. */
size_t relay_encode_end(relay_encode_t *encode, char *out) {
  encode->out = out;
  if (encode->start_len) begin_line(encode, true);
  if (encode->region == REGION_HEADER) put_held(encode);
  flush_blank(encode, true);
  return (size_t)(encode->out - out);
}
