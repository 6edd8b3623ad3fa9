#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "net/net.h"

static char const mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\xff', '\xff'};

void net_address_unmap(ip46 *ip) {
  char v4[4];
  if (!ip46_is6(ip) || memcmp(ip->ip, mapped_prefix, sizeof mapped_prefix)) return;
  memcpy(v4, ip->ip + 12, sizeof v4);
  ip46_from_ip4(ip, v4);
}

bool net_address_is_any(ip46 const *ip) {
  return !memcmp(ip->ip, IP6_ANY, ip46_is6(ip) ? 16 : 4);
}

static int address_scan(ip46 *ip, char const *s) {
  char bytes[16];
  if (inet_pton(AF_INET, s, bytes) == 1) return ip46_from_ip4(ip, bytes), 0;
  if (inet_pton(AF_INET6, s, bytes) == 1) return ip46_from_ip6(ip, bytes), 0;
  return errno = EINVAL, -1;
}

int net_address_parse(ip46 *ip, char const *s) {
  if (address_scan(ip, s) < 0) return -1;
  net_address_unmap(ip);
  return 0;
}

static unsigned int address_bits(ip46 const *ip) {
  return ip46_is6(ip) ? 128 : 32;
}

void net_prefix_of(net_prefix_t *prefix, ip46 const *ip, unsigned int bits) {
  size_t const size = address_bits(ip) / 8, whole = bits / 8;
  prefix->ip = *ip;
  prefix->bits = bits;
  if (whole >= size) return;
  prefix->ip.ip[whole] = (char)(prefix->ip.ip[whole] & ~(0xff >> bits % 8));
  memset(prefix->ip.ip + whole + 1, 0, size - whole - 1);
}

bool net_prefix_contains(net_prefix_t const *prefix, ip46 const *ip) {
  net_prefix_t other;
  if (ip46_is6(ip) != ip46_is6(&prefix->ip)) return false;
  net_prefix_of(&other, ip, prefix->bits);
  return !memcmp(other.ip.ip, prefix->ip.ip, address_bits(ip) / 8);
}

/* The bits after '/', or all of the address's. */
static int bits_parse(unsigned int *bits, char const *s, unsigned int max) {
  *bits = max;
  if (!s) return 0;
  if (!uint0_scan(s, bits) || *bits > max) return errno = EINVAL, -1;
  return 0;
}

static int prefix_parse(net_prefix_t *prefix, char const *address, char const *length) {
  ip46 ip;
  unsigned int bits;
  if (address_scan(&ip, address) < 0) return -1;
  if (bits_parse(&bits, length, address_bits(&ip)) < 0) return -1;
  net_prefix_of(prefix, &ip, bits);
  if (memcmp(prefix->ip.ip, ip.ip, address_bits(&ip) / 8)) return errno = EDOM, -1;
  net_address_unmap(&prefix->ip);
  if (address_bits(&prefix->ip) < address_bits(&ip)) prefix->bits -= 96;
  return 0;
}

static int prefix_parse_bytes(net_prefix_t *prefix, char const *s, size_t len) {
  char text[NET_PREFIX_FMT];
  if (len >= sizeof text || memchr(s, 0, len)) return errno = EINVAL, -1;
  memcpy(text, s, len);
  text[len] = 0;
  char *slash = strchr(text, '/');
  if (slash) *slash++ = 0;
  return prefix_parse(prefix, text, slash);
}

int net_prefix_parse(net_prefix_t *prefix, char const *s) {
  return prefix_parse_bytes(prefix, s, strlen(s));
}

size_t net_prefix_fmt(char *s, net_prefix_t const *prefix) {
  size_t len = ip46_fmt(s, &prefix->ip);
  s[len++] = '/';
  len += uint_fmt(s + len, prefix->bits);
  s[len] = 0;
  return len;
}

int net_list_contains(char const *list, ip46 const *ip) {
  static char const separators[] = ", \t\n";
  int found = 0;
  for (char const *s = list + strspn(list, separators); *s; s += strspn(s, separators)) {
    net_prefix_t prefix;
    size_t const len = strcspn(s, separators);
    if (prefix_parse_bytes(&prefix, s, len) < 0) return errno = EINVAL, -1;
    if (net_prefix_contains(&prefix, ip)) found = 1;
    s += len;
  }
  return found;
}
