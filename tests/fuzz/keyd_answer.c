/* Any body for tls-keyd's choice: refused, or understood so that it is written the same. */
#include <stdlib.h>
#include <string.h>

#include "keyd/keyd.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static keyd_identity_t identity;
  static unsigned char again[KEYD_ANSWER_MAX - 1];
  if (size) keyd_status_error(data[0]);
  if (keyd_identity_parse(&identity, data, size) < 0) return 0;
  if (keyd_identity_write(again, &identity) != size || memcmp(again, data, size)) abort();
  return 0;
}
