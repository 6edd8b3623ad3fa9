/* See counted.h. */
#include "counted.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

unsigned long counted_branches;

void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void) {
  counted_branches++;
}

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are none
void *memchr(void const *s, int c, size_t len) {
  for (char const *at = s, *end = at + len; at < end; at++)
    if (*at == (char)c) return (void *)at;
  return 0;
}

int memcmp(void const *a, void const *b, size_t len) {
  unsigned char const *left = a, *right = b;
  for (; len; len--, left++, right++)
    if (*left != *right) return *left - *right;
  return 0;
}

char *strchr(char const *s, int c) {
  for (; *s != (char)c; s++)
    if (!*s) return 0;
  return (char *)s;
}

size_t strlen(char const *s) {
  size_t len = 0;
  while (s[len]) len++;
  return len;
}

static int lower(char c) {
  return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

int strncasecmp(char const *a, char const *b, size_t len) {
  for (; len; len--, a++, b++)
    if (lower(*a) != lower(*b) || !*a) return lower(*a) - lower(*b);
  return 0;
}

int strcasecmp(char const *a, char const *b) {
  return strncasecmp(a, b, (size_t)-1);
}

/* Copies are done by words elsewhere: a branch for each 16 bytes. */
void *memmove(void *to, void const *from, size_t len) {
  char *const out = to;
  char const *const in = from;
  counted_branches += len / 16;
  if (out < in)
    for (size_t i = 0; i < len; i++) out[i] = in[i];
  else
    while (len--) out[len] = in[len];
  return to;
}

void *memcpy(void *restrict to, void const *restrict from, size_t len) {
  return memmove(to, from, len);
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)
