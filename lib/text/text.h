/* text: the characters that commands, names, addresses and header fields are made of. Nothing
 * depends on a locale. */
#ifndef CHAINMAIL_TEXT_H
#define CHAINMAIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

static inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Let-dig of RFC 5321 4.1.2. */
static inline bool is_letdig(char c) {
  return is_letter(c) || is_digit(c);
}

static inline char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Printable ASCII, the space included. */
static inline bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

static inline bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == 0x7f;
}

static inline bool is_ascii(char c) {
  return !((unsigned char)c & 0x80);
}

/* The second and later bytes of a UTF-8 character. */
static inline bool is_continuation(char c) {
  return ((unsigned char)c & 0xc0) == 0x80;
}

/* atext of RFC 5322 3.2.3. */
bool is_atext(char c);

/* The bytes of the character at the start of s, 2 to 4, if it is well-formed UTF-8 (RFC 3629), not
   ASCII, and not a control (U+0080 to U+009F); else 0. */
size_t utf8_length(char const *s, size_t len);

#endif
