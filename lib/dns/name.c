#include <errno.h>
#include <string.h>

#include "dns/wire.h"
#include "text/text.h"

#define LABEL_MAX 63
#define WIRE_MAX  255 /* with a length octet before each label and one for the root */

bool dns_name_canonical(char out[DNS_NAME_MAX + 1], char const *name) {
  size_t len = strnlen(name, WIRE_MAX + 1), label = 0;
  if (len && name[len - 1] == '.') len--;
  if (len + 2 > WIRE_MAX) return false;
  for (size_t i = 0; i < len; i++) {
    bool is_dot = name[i] == '.';
    if (is_dot ? label == 0 : label == LABEL_MAX) return false;
    label = is_dot ? 0 : label + 1;
    out[i] = to_lower(name[i]);
  }
  out[len] = 0;
  return label > 0 || *name == 0 || strcmp(name, ".") == 0;
}

static char const digits[] = "0123456789abcdef";

static char *put_octet(char *s, uint8_t octet) {
  if (octet >= 100) *s++ = digits[octet / 100];
  if (octet >= 10) *s++ = digits[octet / 10 % 10];
  *s++ = digits[octet % 10];
  *s++ = '.';
  return s;
}

static char *put_nibbles(char *s, uint8_t octet) {
  *s++ = digits[octet & 15];
  *s++ = '.';
  *s++ = digits[octet >> 4];
  *s++ = '.';
  return s;
}

int dns_reverse_name(char out[DNS_NAME_MAX + 1], ip46 const *ip, char const *zone) {
  bool is6 = ip46_is6(ip);
  if (!zone) zone = is6 ? "ip6.arpa" : "in-addr.arpa";
  size_t len = strlen(zone);
  char *s = out;
  for (size_t i = is6 ? 16 : 4; i--;) {
    uint8_t octet = (uint8_t)ip->ip[i];
    s = is6 ? put_nibbles(s, octet) : put_octet(s, octet);
  }
  if (len > (size_t)(out + DNS_NAME_MAX - s)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(s, zone, len + 1);
  return 0;
}
