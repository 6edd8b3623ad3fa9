/* A recipient, a NUL, a message in two pieces: what is found is in the message, and where it is cut
 * does not matter. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "delivery/delivery.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static bool find(char const *recipient, char const *message, size_t len, size_t cut) {
  delivery_loop_t loop;
  delivery_loop_init(&loop, recipient);
  if (delivery_loop_feed(&loop, message, cut)) delivery_loop_feed(&loop, message + cut, len - cut);
  return loop.found;
}

static bool contains(char const *message, size_t len, char const *s) {
  size_t s_len = strlen(s);
  for (; len >= s_len && len; message++, len--)
    if (!strncasecmp(message, s, s_len)) return true;
  return false;
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *recipient = (char const *)data;
  size_t used = strnlen(recipient, size);
  if (used == size) return 0;
  char const *message = recipient + used + 1;
  size_t len = size - used - 1;
  bool found = find(recipient, message, len, len);
  if (found && !contains(message, len, recipient)) abort();
  if (found && !contains(message, len, "Delivered-To")) abort();
  if (len <= DELIVERY_HEADER_MAX && find(recipient, message, len, len / 2) != found) abort();
  return 0;
}
