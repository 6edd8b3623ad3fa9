/* RFC 2047: encoded words, in what people read. */
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "mime/mime.h"
#include "mime/scan.h"

#define CHARSET_MAX 31   /* bytes of a charset's name */
#define BYTES_MAX   4096 /* of words that are joined, and of a phrase */

/* Where the decoded text goes. Bytes of encoded words wait until it is known that no other one of
   the same charset follows: some encoders cut characters in two. */
typedef struct decoder {
  char *out;
  size_t size, len;
  bool full;
  size_t waiting;
  char charset[CHARSET_MAX + 1]; /* of what waits */
  char bytes[BYTES_MAX];
} decoder_t;

/* ---- characters ------------------------------------------------------------------------------ */

static void put(decoder_t *decoder, char const *s, size_t len) {
  if (len >= decoder->size - decoder->len) decoder->full = true;
  if (decoder->full) return;
  memcpy(decoder->out + decoder->len, s, len);
  decoder->len += len;
}

static void put_unknown(decoder_t *decoder) {
  put(decoder, "\xef\xbf\xbd", 3);
}

static void put_utf8(decoder_t *decoder, char const *s, size_t len) {
  for (size_t at = 0, n; at < len; at += n) {
    n = is_ascii(s[at]) ? 1 : utf8_length(s + at, len - at);
    if (n)
      put(decoder, is_control(s[at]) ? " " : s + at, n);
    else
      put_unknown(decoder), n = 1;
  }
}

static void put_latin1(decoder_t *decoder, char const *s, size_t len) {
  for (size_t at = 0; at < len; at++) {
    unsigned char const c = (unsigned char)s[at];
    char const pair[] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};
    if (c & 0x80)
      put_utf8(decoder, pair, 2);
    else
      put_utf8(decoder, s + at, 1);
  }
}

/* ---- charsets -------------------------------------------------------------------------------- */

/* Converts what waits by iconv. A byte that it cannot convert is one unknown character. */
static void put_converted(decoder_t *decoder, char const *s, size_t len) {
  iconv_t none = (iconv_t)-1; // NOLINT(performance-no-int-to-ptr): POSIX defines it so
  iconv_t conversion = iconv_open("UTF-8", decoder->charset);
  char utf8[256], *in = (char *)s; /* iconv's interface has no const */
  if (conversion == none) {
    put_utf8(decoder, s, len);
    return;
  }
  while (len && !decoder->full) {
    char *out = utf8;
    size_t room = sizeof utf8;
    bool const bad = iconv(conversion, &in, &len, &out, &room) == (size_t)-1 && errno != E2BIG;
    put_utf8(decoder, utf8, (size_t)(out - utf8));
    if (!bad) continue;
    put_unknown(decoder);
    in++;
    len--;
  }
  iconv_close(conversion);
}

/* The charsets that mail is written in; a name that ends in "-" is a family of them. A libc may
   know stranger ones, whose tables a stranger should not choose. */
static struct {
  char const *name;
  void (*put)(decoder_t *decoder, char const *s, size_t len);
} const charsets[] = {
    {"utf-8", put_utf8},          {"us-ascii", put_utf8},      {"iso-8859-1", put_latin1},
    {"iso-8859-", put_converted}, {"windows-", put_converted}, {"koi8-", put_converted},
    {"gb2312", put_converted},    {"gbk", put_converted},      {"gb18030", put_converted},
    {"big5", put_converted},      {"euc-jp", put_converted},   {"iso-2022-jp", put_converted},
    {"shift_jis", put_converted}, {"euc-kr", put_converted},   {"tis-620", put_converted},
};
#define CHARSETS (sizeof charsets / sizeof *charsets)

static bool charset_is(char const *known, char const *name, size_t len) {
  size_t const known_len = strlen(known);
  bool const family = known[known_len - 1] == '-';
  return (family ? known_len < len : known_len == len) && !strncasecmp(known, name, known_len);
}

/* An index of charsets, or CHARSETS. */
static size_t charset_find(char const *name, size_t len) {
  size_t i = 0;
  while (i < CHARSETS && !charset_is(charsets[i].name, name, len)) i++;
  return i;
}

static void flush(decoder_t *decoder) {
  if (!decoder->waiting) return;
  size_t const charset = charset_find(decoder->charset, strlen(decoder->charset));
  charsets[charset].put(decoder, decoder->bytes, decoder->waiting);
  decoder->waiting = 0;
}

/* ---- encoded words --------------------------------------------------------------------------- */

/* =?charset*language?encoding?text?= */
typedef struct encoded {
  char charset[CHARSET_MAX + 1];
  bool base64;
  char const *text;
  size_t text_len;
  size_t len; /* of the whole word */
} encoded_t;

static bool is_charset_byte(char c) {
  return is_letdig(c) || c == '-' || c == '_';
}

static bool take_charset(encoded_t *word, scan_t *scan) {
  char const *name = scan->at;
  while (is_charset_byte(scan_peek(scan))) scan->at++;
  size_t const len = (size_t)(scan->at - name);
  if (len > CHARSET_MAX || charset_find(name, len) == CHARSETS) return false;
  memcpy(word->charset, name, len);
  word->charset[len] = 0;
  if (scan_byte(scan, '*')) /* RFC 2231 5 */
    while (is_charset_byte(scan_peek(scan))) scan->at++;
  return scan_byte(scan, '?');
}

static bool take_encoding(encoded_t *word, scan_t *scan) {
  char const encoding = (char)(scan_peek(scan) | 0x20);
  word->base64 = encoding == 'b';
  if (encoding != 'b' && encoding != 'q') return false;
  scan->at++;
  return scan_byte(scan, '?');
}

/* Blanks have no place in the text, but many write them. */
static bool take_text(encoded_t *word, scan_t *scan) {
  word->text = scan->at;
  while (scan->at < scan->end && *scan->at != '?' && (!is_control(*scan->at) || *scan->at == '\t'))
    scan->at++;
  word->text_len = (size_t)(scan->at - word->text);
  return word->text_len <= BYTES_MAX && scan_byte(scan, '?') && scan_byte(scan, '=');
}

static bool encoded_find(encoded_t *word, char const *s, size_t len) {
  scan_t scan = {.at = s, .end = s + len};
  bool const found = scan_byte(&scan, '=') && scan_byte(&scan, '?') && take_charset(word, &scan) &&
                     take_encoding(word, &scan) && take_text(word, &scan);
  word->len = (size_t)(scan.at - s);
  return found;
}

static int hex_value(char c) {
  char const lower = (char)(c | 0x20);
  if (is_digit(c)) return c - '0';
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* "=E9" at s: the byte it says, or -1. */
static int pair_value(char const *s, size_t len) {
  if (len < 3 || *s != '=') return -1;
  int const high = hex_value(s[1]), low = hex_value(s[2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Q (RFC 2047 4.2). out has room for as many bytes as s has. */
static size_t decode_q(char *out, char const *s, size_t len) {
  size_t n = 0;
  for (size_t i = 0; i < len; i++) {
    int const value = pair_value(s + i, len - i);
    if (value >= 0) {
      out[n++] = (char)value;
      i += 2;
    } else {
      out[n++] = s[i];
      if (s[i] == '_') out[n - 1] = ' ';
    }
  }
  return n;
}

static int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* B (4.1), up to the first byte that is not of its alphabet: this is for people to read. */
static size_t decode_b(char *out, char const *s, size_t len) {
  unsigned int bits = 0, count = 0;
  size_t n = 0;
  for (size_t i = 0; i < len && base64_value(s[i]) >= 0; i++) {
    bits = bits << 6 | (unsigned int)base64_value(s[i]);
    if ((count += 6) < 8) continue;
    count -= 8;
    out[n++] = (char)(bits >> count & 0xff);
  }
  return n;
}

static void put_word(decoder_t *decoder, encoded_t const *word) {
  bool const joins = !strcasecmp(decoder->charset, word->charset) &&
                     word->text_len <= BYTES_MAX - decoder->waiting;
  if (!joins) flush(decoder);
  memcpy(decoder->charset, word->charset, sizeof word->charset);
  char *out = decoder->bytes + decoder->waiting;
  decoder->waiting += word->base64 ? decode_b(out, word->text, word->text_len)
                                   : decode_q(out, word->text, word->text_len);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Bytes up to what might be an encoded word, or to the end of a line; at least one. */
static size_t plain_len(char const *s, size_t len) {
  size_t at = 1;
  if (*s == '\r' || *s == '\n') return 1;
  while (at < len && s[at] != '=' && s[at] != '\r' && s[at] != '\n') at++;
  return at;
}

static bool is_space(char c) {
  return is_blank(c) || c == '\r' || c == '\n';
}

static size_t spaces_len(char const *s, size_t len) {
  size_t at = 0;
  while (at < len && is_space(s[at])) at++;
  return at;
}

static void put_plain(decoder_t *decoder, char const *s, size_t len) {
  flush(decoder);
  if (*s != '\r' && *s != '\n') put_utf8(decoder, s, len);
}

/* Blanks between encoded words are not there. */
static void decode(decoder_t *decoder, char const *s, size_t len) {
  encoded_t word;
  for (size_t at = 0; at < len && !decoder->full;) {
    if (encoded_find(&word, s + at, len - at)) {
      put_word(decoder, &word);
      at += word.len;
      size_t const spaces = spaces_len(s + at, len - at);
      if (encoded_find(&word, s + at + spaces, len - at - spaces)) at += spaces;
      continue;
    }
    size_t const n = plain_len(s + at, len - at);
    put_plain(decoder, s + at, n);
    at += n;
  }
  flush(decoder);
}

size_t mime_text_decode(char *out, size_t size, char const *s, size_t len) {
  decoder_t decoder = {.out = out, .size = size};
  size_t const begin = spaces_len(s, len);
  while (len > begin && is_space(s[len - 1])) len--;
  decode(&decoder, s + begin, len - begin);
  out[decoder.len] = 0;
  return decoder.len;
}

/* ---- phrases --------------------------------------------------------------------------------- */

typedef struct phrase {
  size_t len;
  char text[BYTES_MAX];
} phrase_t;

static void phrase_put(phrase_t *phrase, char c) {
  if (phrase->len < sizeof phrase->text) phrase->text[phrase->len++] = c;
}

static void phrase_put_quoted(phrase_t *phrase, scan_t *scan) {
  char c;
  scan->at++;
  while (scan->at < scan->end && *scan->at != '"')
    if (scan_content(scan, &c) && c) phrase_put(phrase, c);
  scan_byte(scan, '"');
}

static bool is_phrase_blank(char c) {
  return is_space(c) || c == '(';
}

/* Many quote their encoded words: they are decoded all the same. */
size_t mime_phrase_decode(char *out, size_t size, char const *s, size_t len) {
  scan_t scan = {.at = s, .end = s + len};
  phrase_t phrase = {.len = 0};
  for (char const *end = s; scan_blanks(&scan) && scan.at < scan.end; end = scan.at) {
    if (phrase.len && scan.at > end) phrase_put(&phrase, ' ');
    if (*scan.at == '"')
      phrase_put_quoted(&phrase, &scan);
    else
      do phrase_put(&phrase, *scan.at++);
      while (scan.at < scan.end && !is_phrase_blank(*scan.at) && *scan.at != '"');
  }
  return mime_text_decode(out, size, phrase.text, phrase.len);
}
