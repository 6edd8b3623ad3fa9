#include "spf/text.h"

#include <string.h>
#include <strings.h>

#include <skalibs/types.h>

spf_text_t spf_text(char *s, size_t size) {
  *s = 0;
  return (spf_text_t){.s = s, .size = size, .printable = true};
}

/* Makes room for what comes next: half of the buffer is kept, so that a long text costs no more
   than twice its length. */
static void drop_front(spf_text_t *text) {
  size_t kept = text->size / 2;
  if (text->len <= kept) return;
  memmove(text->s, text->s + text->len - kept, kept);
  text->len = kept;
}

static void put_bytes(spf_text_t *text, char const *s, size_t len) {
  char *out = text->s + text->len;
  memcpy(out, s, len);
  for (size_t i = 0; text->printable && i < len; i++)
    if (out[i] < ' ' || out[i] > '~') out[i] = '?';
  text->len += len;
  text->s[text->len] = 0;
}

void spf_text_put(spf_text_t *text, char const *s, size_t len) {
  size_t room = text->size - 1 - text->len;
  if (len > room && text->keeps_tail) {
    size_t half = (text->size - 1) / 2;
    if (len > half) {
      s += len - half;
      len = half;
    }
    drop_front(text);
    room = text->size - 1 - text->len;
  }
  if (len) put_bytes(text, s, len < room ? len : room);
}

void spf_text_puts(spf_text_t *text, char const *s) {
  spf_text_put(text, s, strlen(s));
}

void spf_text_join(spf_text_t *text, char const *const *strings) {
  for (; *strings; strings++) spf_text_puts(text, *strings);
}

void spf_text_uint(spf_text_t *text, unsigned long long value) {
  char digits[UINT64_FMT];
  spf_text_put(text, digits, uint64_fmt(digits, value));
}

bool spf_string_is(spf_string_t string, char const *word) {
  return strlen(word) == string.len && strncasecmp(string.s, word, string.len) == 0;
}

bool spf_name_is_under(char const *name, char const *domain) {
  size_t len = strlen(name), domain_len = strlen(domain);
  if (len < domain_len || strcasecmp(name + len - domain_len, domain) != 0) return false;
  return len == domain_len || name[len - domain_len - 1] == '.';
}
