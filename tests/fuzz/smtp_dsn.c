/* xtext, NOTIFY and ORCPT; what smtp_xtext_valid accepts, smtp_xtext_decode decodes. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/smtp.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *s = (char const *)data;
  bool valid = smtp_xtext_valid(s, size);
  char *out = malloc(size + 1);
  ssize_t len = smtp_xtext_decode(out, size + 1, s, size);
  if (valid && len < 0) abort();
  if (len >= 0 && strlen(out) != (size_t)len) abort();
  if (len > 0 && smtp_xtext_decode(out, (size_t)len, s, size) >= 0) abort();
  free(out);
  smtp_notify_valid(s, size);
  if (smtp_orcpt_valid(s, size, SMTP_ASCII) && size > SMTP_ORCPT_MAX) abort();
  smtp_orcpt_valid(s, size, SMTP_UTF8);
  return 0;
}
