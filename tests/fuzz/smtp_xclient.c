/* XCLIENT: what it yields is printable or UTF-8, within its room, and checked. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/smtp.h"

static void check_value(char const *value) {
  size_t len = strnlen(value, SMTP_XCLIENT_VALUE_MAX);
  if (len == SMTP_XCLIENT_VALUE_MAX) abort();
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)value[i] < ' ' || value[i] == 0x7f) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  smtp_xclient_t xclient;
  if (smtp_xclient_parse(&xclient, (char const *)data, size)) return 0;
  for (size_t i = 0; i < SMTP_XCLIENT_COUNT; i++)
    if (xclient.given[i]) check_value(xclient.value[i]);
  char const *name = xclient.value[SMTP_XCLIENT_NAME];
  if (xclient.given[SMTP_XCLIENT_NAME] && *name &&
      !smtp_domain_valid(name, strlen(name), SMTP_UTF8))
    abort();
  return 0;
}
