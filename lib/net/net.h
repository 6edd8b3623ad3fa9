/* net: addresses, networks and access rules. */
#ifndef CHAINMAIL_NET_H
#define CHAINMAIL_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/ip46.h>

/* A network: the first bits of an address. */
typedef struct net_prefix {
  ip46 ip;
  unsigned int bits; /* 0 to 32, or 128 for IPv6 */
} net_prefix_t;

/* Parses the whole of "192.0.2.0/24", "2001:db8::/32" or an address alone. A v4-mapped IPv6
   address is taken as the IPv4 one. 0, or -1 with EINVAL. */
int net_prefix_parse(net_prefix_t *prefix, char const *s);
bool net_prefix_contains(net_prefix_t const *prefix, ip46 const *ip);

/* Parses an address as it stands in ${PROTO}REMOTEIP; v4-mapped IPv6 becomes IPv4.
   0, or -1 with EINVAL. */
int net_address_parse(ip46 *ip, char const *s);

/* True if ip lies in a comma- or blank-separated list of networks; -1 with EINVAL if the list
   cannot be parsed. */
int net_list_contains(char const *list, ip46 const *ip);

#endif
