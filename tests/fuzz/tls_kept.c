/* What tls-keyd gives back for a session: if it is taken for one, it is written down as it came. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  tls_kept_t kept;
  unsigned char bytes[TLS_KEPT_BYTES];
  if (tls_kept_read(&kept, data, size) < 0) return 0;
  if (tls_kept_write(&kept, bytes) != size || memcmp(bytes, data, size)) abort();
  return 0;
}
