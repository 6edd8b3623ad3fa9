#include <errno.h>
#include <string.h>

#include "mime/mime.h"
#include "mime/scan.h"

#define WORD_MAX 75 /* bytes of an encoded word, RFC 2047 2 */
#define HEAD     "=?utf-8?q?"
#define TAIL     "?="

typedef struct text {
  char *s;
  size_t size, len;
} text_t;

/* What does not fit is counted. */
static void put(text_t *text, char const *s, size_t len) {
  if (text->len < text->size && len <= text->size - text->len) memcpy(text->s + text->len, s, len);
  text->len += len;
}

static bool is_all(bool (*is_kind)(char c), char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!is_kind(s[i])) return false;
  return true;
}

static bool is_plain(char c) {
  return c == ' ' || is_atext(c);
}

static void put_quoted(text_t *text, char const *s, size_t len) {
  put(text, "\"", 1);
  for (size_t i = 0; i < len; i++) {
    if (s[i] == '"' || s[i] == '\\') put(text, "\\", 1);
    put(text, s + i, 1);
  }
  put(text, "\"", 1);
}

/* Q as it may stand in a phrase (RFC 2047 5). At most three bytes for one. */
static size_t encode_byte(char *out, char c) {
  static char const hex[] = "0123456789ABCDEF";
  unsigned char const byte = (unsigned char)c;
  out[0] = c == ' ' ? '_' : c;
  if (c == ' ' || is_letdig(c) || (c && strchr("!*+-/", c))) return 1;
  out[0] = '=';
  out[1] = hex[byte >> 4];
  out[2] = hex[byte & 15];
  return 3;
}

/* Takes one character: '?' for a control, or a byte that is no UTF-8. Returns its bytes in s. */
static size_t encode_character(char *out, size_t *out_len, char const *s, size_t len) {
  size_t const utf8 = is_ascii(*s) ? 0 : utf8_length(s, len);
  size_t const n = utf8 ? utf8 : 1;
  bool const bad = is_ascii(*s) ? is_control(*s) : !utf8;
  *out_len = 0;
  for (size_t i = 0; i < n; i++) *out_len += encode_byte(out + *out_len, bad ? '?' : s[i]);
  return n;
}

static void put_encoded(text_t *text, char const *s, size_t len) {
  char character[12];
  size_t room = 0, n;
  for (size_t at = 0; at < len; room -= n) {
    size_t const begin = at;
    at += encode_character(character, &n, s + at, len - at);
    if (n > room) {
      if (begin) put(text, TAIL "\n ", 4);
      put(text, HEAD, sizeof HEAD - 1);
      room = WORD_MAX - (sizeof HEAD - 1) - (sizeof TAIL - 1);
    }
    put(text, character, n);
  }
  put(text, TAIL, 2);
}

ssize_t mime_phrase_format(char *out, size_t size, char const *s, size_t len) {
  text_t text = {.s = out, .size = size};
  bool const plain = len && is_all(is_plain, s, len) && *s != ' ' && s[len - 1] != ' ';
  if (plain)
    put(&text, s, len);
  else if (is_all(is_printable, s, len))
    put_quoted(&text, s, len);
  else
    put_encoded(&text, s, len);
  if (text.len >= size) return errno = EMSGSIZE, -1;
  out[text.len] = 0;
  return (ssize_t)text.len;
}
