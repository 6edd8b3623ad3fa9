#include <string.h>

#include "internal.h"
#include "text/text.h"

/* ---- pieces ---- */

slice_t slice_cut(slice_t *rest, char separator) {
  slice_t piece = *rest;
  char const *at = rest->len ? memchr(rest->s, separator, rest->len) : NULL;
  if (!at) {
    *rest = (slice_t){0};
    return piece;
  }
  piece.len = (size_t)(at - piece.s);
  rest->s += piece.len + 1;
  rest->len -= piece.len + 1;
  return piece;
}

bool slice_skip(slice_t *s, char const *beginning) {
  size_t const len = strlen(beginning);
  if (!s->s || s->len < len || memcmp(s->s, beginning, len)) return false;
  s->s += len;
  s->len -= len;
  return true;
}

bool slice_copy(char *text, size_t size, slice_t s) {
  if (!s.s || s.len >= size || memchr(s.s, 0, s.len)) return false;
  memcpy(text, s.s, s.len);
  text[s.len] = 0;
  return true;
}

bool slice_copy_saslname(char *text, size_t size, slice_t s) {
  size_t len = 0;
  while (s.len) {
    if (len + 1 >= size) return false;
    if (slice_skip(&s, "=2C")) {
      text[len++] = ',';
    } else if (slice_skip(&s, "=3D")) {
      text[len++] = '=';
    } else {
      if (!*s.s || *s.s == ',' || *s.s == '=') return false;
      text[len++] = *s.s++;
      s.len--;
    }
  }
  text[len] = 0;
  return true;
}

bool gs2_header_parse(gs2_header_t *header, slice_t message) {
  slice_t rest = message;
  slice_t flag = slice_cut(&rest, ',');
  header->authzid = (slice_t){0};
  slice_t authzid = slice_cut(&rest, ',');
  if (!rest.s || !flag.len || (authzid.len && !slice_skip(&authzid, "a="))) return false;
  header->flag = *flag.s;
  header->binding = (slice_t){0};
  if (slice_skip(&flag, "p="))
    header->binding = flag;
  else if (flag.len != 1 || (*flag.s != 'n' && *flag.s != 'y'))
    return false;
  header->authzid = authzid;
  header->rest = rest;
  header->whole = (slice_t){message.s, message.len - rest.len};
  return true;
}

/* ---- putting together ---- */

bool message_append(char *message, size_t size, size_t *len, void const *bytes, size_t count) {
  if (count > size - *len) return false;
  if (count) memcpy(message + *len, bytes, count);
  *len += count;
  return true;
}

bool message_append_text(char *message, size_t size, size_t *len, char const *text) {
  return message_append(message, size, len, text, strlen(text));
}

bool message_append_saslname(char *message, size_t size, size_t *len, char const *name) {
  bool fits = true;
  for (; *name && fits; name++)
    fits = *name == ','   ? message_append_text(message, size, len, "=2C")
           : *name == '=' ? message_append_text(message, size, len, "=3D")
                          : message_append(message, size, len, name, 1);
  return fits;
}

/* ---- texts ---- */

bool sasl_text_valid(char const *s, size_t len) {
  if (!len) return false;
  for (size_t i = 0, step; i < len; i += step) {
    step = is_ascii(s[i]) ? !is_control(s[i]) : utf8_length(s + i, len - i);
    if (!step) return false;
  }
  return true;
}

bool is_equal(void const *a, void const *b, size_t len) {
  unsigned char const *x = a, *y = b;
  unsigned char volatile differences = 0;
  for (size_t i = 0; i < len; i++) differences |= x[i] ^ y[i];
  return !differences;
}
