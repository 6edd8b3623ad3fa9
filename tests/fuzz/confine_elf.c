/* The first bytes of an executable: nothing is read beyond them, and the answer is one of four. */
#include <stdint.h>
#include <stdlib.h>

#include "confine/confine.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  if (confine_libc_of((char const *)data, size) > CONFINE_LIBC_DYNAMIC) abort();
  return 0;
}
