/* Records of a TLS provider: what is found in them is TLS's own, and makes the same list again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *const bytes = (char const *)data, *record;
  static char again[TLS_RECORDS_BYTES];
  size_t len = 0, count = 0;
  for (size_t at = 0; (record = tls_records_next(bytes, size, &at)); count++) {
    if (strncmp(record, "SSL_", 4) || at > size) abort();
    if (!tls_records_add(again, sizeof again, &len, record, NULL)) return 0;
  }
  if (count > TLS_RECORDS_MAX) abort();
  if (!tls_records_end(again, sizeof again, &len)) return 0;
  if (!tls_records_complete(again, len)) abort();
  for (size_t at = 0; tls_records_next(again, len, &at);) count--;
  if (count) abort();
  return 0;
}
