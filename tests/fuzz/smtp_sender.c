/* Who may send as whom: a list, a login and an address, with NULs between. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/smtp.h"

#define MUST(condition) ((condition) ? (void)0 : abort())

/* The string at *s, up to a NUL or the end. */
static char *take(uint8_t const **s, size_t *len) {
  uint8_t const *nul = memchr(*s, 0, *len);
  size_t n = nul ? (size_t)(nul - *s) : *len;
  char *copy = n ? strndup((char const *)*s, n) : strdup("");
  MUST(copy);
  n += nul != 0;
  *s += n;
  *len -= n;
  return copy;
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static char const me[] = "mail.example.test";
  char *senders = take(&data, &size), *user = take(&data, &size), *address = take(&data, &size);
  bool listed = senders[strspn(senders, " \t")];
  bool allowed = smtp_sender_allowed(senders, user, me, address);
  if (listed) MUST(smtp_sender_allowed(senders, 0, me, address) == allowed);
  if (!listed) MUST(smtp_sender_allowed(0, user, me, address) == allowed);
  if (!*address) MUST(allowed);
  if (allowed && *address && !strchr(senders, '*')) MUST(strchr(address, '@'));
  if (listed && !strpbrk(senders, " \t*@") && *address) MUST(!allowed);
  free(senders);
  free(user);
  free(address);
  return 0;
}
