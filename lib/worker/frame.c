#include "frame.h"

#include <string.h>

#include <skalibs/types.h>

size_t frame_write(char *out, size_t max, char const *const *strings, size_t count) {
  size_t len = FRAME_PREFIX;
  for (size_t i = 0; i < count; i++) {
    size_t size = strlen(strings[i]) + 1;
    if (len > max || size > max - len) return 0;
    memcpy(out + len, strings[i], size);
    len += size;
  }
  uint320_xfmt(out, (uint32_t)(len - FRAME_PREFIX), FRAME_PREFIX);
  return len;
}
