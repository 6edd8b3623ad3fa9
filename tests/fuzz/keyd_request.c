/* Any packet for a question to tls-keyd: refused, or understood so that it is written the same. */
#include <stdlib.h>
#include <string.h>

#include "keyd/keyd.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  keyd_request_t request;
  unsigned char again[KEYD_REQUEST_MAX];
  if (keyd_request_parse(&request, data, size) < 0) return 0;
  if (keyd_request_write(again, &request) != size || memcmp(again, data, size)) abort();
  return 0;
}
