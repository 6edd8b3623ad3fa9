#include <string.h>

#include "queue/queue.h"
#include "text/text.h"

/* Field name: printable US-ASCII without the colon (RFC 5322 3.6.8). */
static bool has_field_name(char const *s, size_t len) {
  size_t n = 0;
  while (n < len && s[n] > ' ' && s[n] < 0x7f && s[n] != ':') n++;
  return n > 0 && n < len && s[n] == ':';
}

/* A line of blanks alone may be taken for the end of the header by some. */
static bool is_folded(char const *s, size_t len) {
  if (!len || !is_blank(*s)) return false;
  for (size_t i = 0; i < len; i++)
    if (!is_blank(s[i])) return true;
  return false;
}

static bool is_clean(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f) return false;
  return true;
}

bool queue_headers_valid(char const *s) {
  bool inside = false;
  while (*s) {
    size_t len = strcspn(s, "\n");
    bool folded = inside && is_folded(s, len);
    if (!is_clean(s, len) || !(folded || has_field_name(s, len))) return false;
    s += len + (s[len] == '\n');
    inside = true;
  }
  return true;
}
