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

#define NET_PREFIX_FMT 56 /* bytes of "address/bits" and a NUL */

/* Parses the whole of "192.0.2.0/24", "2001:db8::/32" or an address alone. A v4-mapped IPv6
   address is taken as the IPv4 one. 0, or -1 with EINVAL, or EDOM if a bit after the first bits is
   set ("192.0.2.1/24"). */
int net_prefix_parse(net_prefix_t *prefix, char const *s);
/* The network of this length that ip lies in; bits is at most 32, or 128 for IPv6. */
void net_prefix_of(net_prefix_t *prefix, ip46 const *ip, unsigned int bits);
bool net_prefix_contains(net_prefix_t const *prefix, ip46 const *ip);
/* Writes "address/bits" and a NUL, at most NET_PREFIX_FMT bytes. Returns its length. */
size_t net_prefix_fmt(char *s, net_prefix_t const *prefix);

/* Parses an address as it stands in ${PROTO}REMOTEIP; v4-mapped IPv6 becomes IPv4.
   0, or -1 with EINVAL. */
int net_address_parse(ip46 *ip, char const *s);
/* Turns a v4-mapped IPv6 address into the IPv4 one; leaves others alone. */
void net_address_unmap(ip46 *ip);

/* True if ip lies in a comma- or blank-separated list of networks; -1 with EINVAL if the list
   cannot be parsed. */
int net_list_contains(char const *list, ip46 const *ip);

#endif
