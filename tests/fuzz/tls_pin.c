/* A text: as a pin, as a record's data, and as a file of authorities. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/client_chain.h"
#include "tls/tls.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void check(tls_pin_t const *pin) {
  if (pin->usage != 2 && pin->usage != 3) abort();
  if (pin->selector > 1 || pin->matching > 2 || !pin->len) abort();
  if (pin->matching == 1 && pin->len != 32) abort();
  if (pin->matching == 2 && pin->len != 64) abort();
}

static void parse(uint8_t const *data, size_t size) {
  unsigned char storage[64];
  tls_pin_t pin;
  char *const text = malloc(size + 1);
  if (!text) abort();
  memcpy(text, data, size);
  text[size] = 0;
  if (tls_pin_parse(&pin, text, storage, sizeof storage) == 0) {
    if (pin.len > sizeof storage || pin.data != storage) abort();
    check(&pin);
  }
  free(text);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  tls_pin_t pin;
  parse(data, size);
  if (tls_pin_read(&pin, data, size) == 0) check(&pin);
  tls_anchors_t *const anchors = tls_anchors_read((char const *)data, size);
  if (anchors && !anchors->count) abort();
  tls_anchors_free(anchors);
  return 0;
}
