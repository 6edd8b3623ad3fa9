/* Networks and lists of them: what parses is written as text that parses to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char *const s = malloc(size + 1), text[NET_PREFIX_FMT];
  net_prefix_t prefix, again;
  if (!s) abort();
  memcpy(s, data, size);
  s[size] = 0;
  if (net_prefix_parse(&prefix, s) == 0) {
    net_prefix_fmt(text, &prefix);
    if (net_prefix_parse(&again, text) < 0 || again.bits != prefix.bits) abort();
    if (!net_prefix_contains(&prefix, &again.ip) || net_list_contains(s, &again.ip) < 1) abort();
  }
  ip46 ip = IP46_ZERO;
  net_list_contains(s, &ip);
  free(s);
  return 0;
}
