/* Conditions of programs for administrators: a kind, a pattern, a newline, and the address that it
   is held against, as a mail's sender wrote it. */
#include <stdlib.h>
#include <string.h>

#include "pick/pick.h"

#define PATTERN_MAX 48
#define ADDRESS_MAX 200 /* in the reference, whose work is the product */

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* True if they fit, after each beginning of the pattern in turn: fits[n] is that of n bytes. */
static bool is_like(char const *pattern, char const *s, size_t len) {
  bool fits[ADDRESS_MAX + 1] = {true};
  for (; *pattern; pattern++) {
    bool any = false, before = false;
    for (size_t n = 0; n <= len; n++) {
      bool const here = fits[n];
      any |= here;
      fits[n] = *pattern == '*' ? any : before && lower(*pattern) == lower(s[n - 1]);
      before = here;
    }
  }
  return fits[len];
}

static void check_condition(char kind, char const *pattern) {
  pick_t pick = {0};
  if (pick_add(&pick, kind, pattern) < 0) return;
  if (pick.count != 1 || pick.conditions[0].text != pattern) __builtin_trap();
}

static void try_pattern(char kind, char const *pattern, char const *s, size_t len) {
  bool const found = pick_glob(pattern, s, len);
  if (kind) check_condition(kind, pattern);
  if (len <= ADDRESS_MAX && found != is_like(pattern, s, len)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  unsigned char const *newline = memchr(data, '\n', size);
  size_t const len = newline ? (size_t)(newline - data) : 0;
  char pattern[PATTERN_MAX];
  if (!len || len > PATTERN_MAX || memchr(data, 0, len)) return 0;
  memcpy(pattern, data + 1, len - 1);
  pattern[len - 1] = 0;
  size_t const left = size - len - 1;
  char *address = malloc(left + 1);
  if (!address) abort();
  memcpy(address, newline + 1, left);
  try_pattern((char)data[0], pattern, address, left);
  free(address);
  return 0;
}
