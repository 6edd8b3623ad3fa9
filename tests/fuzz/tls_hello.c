/* A ClientHello: its name is a host name or none; and a kept session, which is written as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"

static void try_kept(uint8_t const *data, size_t size) {
  static tls_kept_t kept;
  unsigned char again[TLS_KEPT_BYTES];
  if (tls_kept_read(&kept, data, size) < 0) return;
  if (tls_kept_write(&kept, again) != size || memcmp(again, data, size)) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);
int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char name[TLS_NAME_MAX + 1];
  bool valid = false;
  int const result = tls_hello_name(data, size, name, &valid);
  if (*name && (result < 0 || !valid || !tls_name_valid(name, strlen(name)))) abort();
  try_kept(data, size);
  return 0;
}
