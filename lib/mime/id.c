#include <errno.h>
#include <string.h>

#include "mime/mime.h"
#include "mime/scan.h"

/* dot-atom-text (RFC 5322 3.2.3). */
static bool take_dot_atom(scan_t *scan) {
  do {
    if (!scan_atom(scan)) return false;
  } while (scan_byte(scan, '.'));
  return true;
}

/* dtext (3.6.4): no blanks, no brackets, no pairs. */
static bool is_dtext(char c) {
  return is_printable(c) && !strchr(" []\\", c);
}

/* Takes a no-fold-literal, whose bracket was taken. */
static bool take_literal(scan_t *scan) {
  while (is_dtext(scan_peek(scan))) scan->at++;
  return scan_byte(scan, ']');
}

static bool take_id(scan_t *scan) {
  if (!scan_byte(scan, '<') || !take_dot_atom(scan) || !scan_byte(scan, '@')) return false;
  bool const right = scan_byte(scan, '[') ? take_literal(scan) : take_dot_atom(scan);
  return right && scan_byte(scan, '>');
}

bool mime_id_valid(char const *s, size_t len) {
  scan_t scan = {.at = s, .end = s + len};
  return scan_blanks(&scan) && take_id(&scan) && scan_blanks(&scan) && scan.at == scan.end;
}

ssize_t mime_id_format(char *out, size_t size, char const *id, char const *host) {
  size_t const id_len = strlen(id), host_len = strlen(host), len = id_len + host_len + 3;
  if (len >= size) return errno = EMSGSIZE, -1;
  out[0] = '<';
  memcpy(out + 1, id, id_len);
  out[1 + id_len] = '@';
  memcpy(out + 2 + id_len, host, host_len);
  memcpy(out + len - 1, ">", 2);
  return mime_id_valid(out, len) ? (ssize_t)len : (errno = EINVAL, -1);
}
