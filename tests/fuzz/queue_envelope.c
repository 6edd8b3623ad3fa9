/* Envelopes: a foreign caller writes them. */
#include <string.h>

#include "queue/queue.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static void walk(queue_envelope_t const *envelope, char const *end) {
  size_t position = 0, count = 0;
  for (char const *address; (address = queue_envelope_next(envelope, &position)); count++) {
    if (!*address || strlen(address) > QUEUE_ADDRESS_MAX || strchr(address, '\n')) __builtin_trap();
    if (address + strlen(address) >= end) __builtin_trap();
    size_t place = 0;
    for (char const *p; count < 100 && (p = queue_envelope_parameter(envelope, address, &place));)
      if (!strchr(p, '=') || p + strlen(p) >= end) __builtin_trap();
  }
  if (!count || count != envelope->count) __builtin_trap();
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  queue_envelope_t envelope;
  if (queue_envelope_parse(&envelope, (char const *)data, size) < 0) return 0;
  walk(&envelope, (char const *)data + size);
  return 0;
}
