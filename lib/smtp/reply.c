#include <string.h>

#include "smtp/smtp.h"
#include "text/text.h"

enum { PREFIX_MAX = 32, TEXT_MAX = SMTP_REPLY_LINE_MAX - 2 };

/* Writes "550-5.7.1 ". Returns its bytes. */
static size_t prefix_format(char out[PREFIX_MAX], unsigned int code, char const *enhanced) {
  size_t len = 0;
  out[len++] = (char)('0' + code / 100 % 10);
  out[len++] = (char)('0' + code / 10 % 10);
  out[len++] = (char)('0' + code % 10);
  out[len++] = '-';
  if (!enhanced || !*enhanced) return len;
  while (*enhanced && len < PREFIX_MAX - 1) out[len++] = *enhanced++;
  out[len++] = ' ';
  return len;
}

/* How much of a line fits into room: all, else up to a blank, else whole characters. */
static size_t split_length(char const *s, size_t len, size_t room) {
  size_t at = room;
  if (len <= room) return len;
  while (at && !is_blank(s[at])) at--;
  if (at) return at;
  for (at = room; at > room - 3 && is_continuation(s[at]);) at--;
  return is_continuation(s[at]) ? room : at;
}

/* Copies len bytes, each in its place: control bytes as spaces, what is no UTF-8 as '?'. */
static void text_copy(char *out, char const *s, size_t len) {
  memcpy(out, s, len);
  for (size_t at = 0, n; at < len; at += n) {
    n = is_ascii(s[at]) ? 1 : utf8_length(s + at, len - at);
    if (is_control(s[at])) out[at] = ' ';
    if (n) continue;
    out[at] = '?';
    n = 1;
  }
}

/* The next piece of a text, as a reply line: *s is set behind it, to NULL behind the last. */
static size_t line_take(char const **s, size_t room) {
  char const *newline = strchr(*s, '\n');
  size_t len = newline ? (size_t)(newline - *s) : strlen(*s);
  size_t n = split_length(*s, len, room);
  char const *next = *s + n;
  if (n < len)
    *s = is_blank(*next) ? next + 1 : next;
  else
    *s = newline && newline[1] ? newline + 1 : NULL;
  return n;
}

size_t smtp_reply_format(char *out, size_t size, unsigned int code, char const *enhanced,
                         char const *text) {
  char prefix[PREFIX_MAX];
  size_t prefix_len = prefix_format(prefix, code, enhanced), len = 0, last = 0;
  while (text) {
    char const *piece = text;
    size_t n = line_take(&text, TEXT_MAX - prefix_len);
    if (len + prefix_len + n + 2 > size) break;
    last = len;
    memcpy(out + len, prefix, prefix_len);
    text_copy(out + len + prefix_len, piece, n);
    len += prefix_len + n;
    out[len++] = '\r';
    out[len++] = '\n';
  }
  if (len) out[last + 3] = ' ';
  return len;
}
