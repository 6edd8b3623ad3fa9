/* A macro-string, a NUL, a value for all macros: expansion stays within its buffer, and a name that
 * comes out of it can be told from none. */
#include <stdlib.h>
#include <string.h>

#include "spf/record.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static bool same_value(void *data, char letter, spf_string_t *value) {
  if (!strchr("slodiphvcrt", letter)) abort();
  *value = *(spf_string_t const *)data;
  return true;
}

static void expand_name(spf_string_t spec, spf_string_t value) {
  char name[DNS_NAME_MAX + 1];
  if (!spf_domain_spec_valid(spec)) return;
  if (!spf_domain_expand(name, spec, same_value, &value)) return;
  size_t len = strlen(name);
  if (len == 0 || len > 253) abort();
}

static void expand_text(spf_string_t text, spf_string_t value) {
  char out[SPF_EXPLANATION_MAX + 1];
  spf_text_t sink = spf_text(out, sizeof out);
  bool is_valid = spf_macro_string_valid(text, SPF_PLACE_EXPLANATION);
  bool is_done = spf_macro_expand(&sink, text, SPF_PLACE_EXPLANATION, same_value, &value);
  if (is_valid != is_done || sink.len >= sizeof out || strlen(out) != sink.len) abort();
  for (size_t i = 0; i < sink.len; i++)
    if (out[i] < ' ' || out[i] > '~') abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  if (!size) return 0;
  char const *s = (char const *)data;
  size_t len = strnlen(s, size), rest = len < size ? len + 1 : size;
  spf_string_t string = {.s = s, .len = len}, value = {.s = s + rest, .len = size - rest};
  expand_name(string, value);
  expand_text(string, value);
  return 0;
}
