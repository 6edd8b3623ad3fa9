/* Base64, decoded in its own place as sasl-auth does: there is one text for each sequence of bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base64/base64.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char *const text = malloc(size + 1), *const again = malloc(BASE64_ENCODED(size) + 1);
  if (!text || !again) abort();
  if (size) memcpy(text, data, size);
  ssize_t const len = base64_decode(text, text, size);
  if (len >= 0) {
    if ((size_t)len > BASE64_DECODED(size)) abort();
    if (base64_encode(again, text, (size_t)len) != size || memcmp(again, data, size)) abort();
  }
  base64_encode(again, data, size);
  if (base64_decode(again, again, BASE64_ENCODED(size)) != (ssize_t)size) abort();
  if (size && memcmp(again, data, size)) abort();
  free(text);
  free(again);
  return 0;
}
