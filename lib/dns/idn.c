#include <errno.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns.h"

static bool is_ascii(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (s[i] & 0x80) return false;
  return true;
}

static int fail(int error) {
  errno = error;
  return -1;
}

static int copy_lower(char out[DNS_NAME_MAX + 1], char const *s, size_t len) {
  if (len > DNS_NAME_MAX) return fail(ENAMETOOLONG);
  if (memchr(s, 0, len)) return fail(EINVAL);
  for (size_t i = 0; i < len; i++)
    out[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 'a' - 'A') : s[i];
  out[len] = 0;
  return 0;
}

static bool is_too_long(int result) {
  return result == IDN2_TOO_BIG_DOMAIN || result == IDN2_TOO_BIG_LABEL ||
         result == IDN2_PUNYCODE_BIG_OUTPUT;
}

static int convert(char out[DNS_NAME_MAX + 1], char const *s, size_t len) {
  char text[4 * DNS_NAME_MAX + 1]; /* a character that ends up as one octet may have four */
  uint8_t *ascii = NULL;
  if (len >= sizeof text) return fail(ENAMETOOLONG);
  if (memchr(s, 0, len)) return fail(EINVAL);
  memcpy(text, s, len);
  text[len] = 0;
  int result = idn2_lookup_u8((uint8_t const *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (result != IDN2_OK) return fail(is_too_long(result) ? ENAMETOOLONG : EINVAL);
  result = copy_lower(out, (char *)ascii, strlen((char *)ascii));
  idn2_free(ascii);
  return result;
}

/* Most names are ASCII and need no tables. */
int dns_name_to_ascii(char out[DNS_NAME_MAX + 1], char const *s, size_t len) {
  return is_ascii(s, len) ? copy_lower(out, s, len) : convert(out, s, len);
}
