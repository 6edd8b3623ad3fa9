/* A profile: words are words, whatever bytes it has; a line is told. And what a word of it says of
   a system call is one, or is refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "confine/confine.h"

typedef struct bounds {
  char const *s, *end;
} bounds_t;

static int is_one(confine_call_t const *call) {
  for (size_t i = 0; i < CONFINE_TESTS_MAX; i++)
    if (call->tests[i].argument < 0 || call->tests[i].argument > 5) return 0;
  return call->number >= 0;
}

static int take(void *data, confine_word_t keyword, char const *s, size_t len) {
  bounds_t const *const bounds = data;
  confine_call_t call;
  if (keyword >= CONFINE_PROFILE_WORDS) abort();
  if (s < bounds->s || s + len > bounds->end) abort();
  if ((len == 0) != (keyword == CONFINE_PROFILE_OUTSIDE)) abort();
  if (memchr(s, ' ', len) || memchr(s, '\t', len) || memchr(s, '\n', len)) abort();
  if (confine_call_parse(&call, s, len) == 0 && !is_one(&call)) abort();
  return 0;
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *const s = (char const *)data;
  bounds_t bounds = {s, s + size};
  unsigned int line = 0;
  confine_profile_read(s, size, take, &bounds, &line);
  if (!line || line > size + 1) abort();
  return 0;
}
