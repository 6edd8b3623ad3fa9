/* A maildirsize that anybody wrote: what is taken from it is within bounds, and it says the same
 * when it is written as one line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/maildir.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  maildir_sizes_t sizes, again;
  char text[256];
  int result = maildir_sizes_parse(&sizes, (char const *)data, size);
  if (sizes.lines > size || sizes.quota.bytes > INT64_MAX || sizes.used.bytes > INT64_MAX) abort();
  if (result < 0) return 0;
  int len = snprintf(text, sizeof text, "%juS,%juC\n%ju %ju\n", (uintmax_t)sizes.quota.bytes,
                     (uintmax_t)sizes.quota.messages, (uintmax_t)sizes.used.bytes,
                     (uintmax_t)sizes.used.messages);
  if (maildir_sizes_parse(&again, text, (size_t)len) < 0) abort();
  if (memcmp(&sizes.quota, &again.quota, sizeof sizes.quota) != 0) abort();
  if (memcmp(&sizes.used, &again.used, sizeof sizes.used) != 0) abort();
  return 0;
}
