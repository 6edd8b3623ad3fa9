/* mx: the hosts that take mail for a domain, and their addresses (RFC 5321 5.1, RFC 7505). */
#ifndef CHAINMAIL_MX_H
#define CHAINMAIL_MX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/ip46.h>

#include "chain/chain.h"
#include "dns/dns.h"

#define MX_HOSTS_MAX          16 /* of a domain; the least preferred ones are left out */
#define MX_HOST_ADDRESSES_MAX 6  /* of one host */
#define MX_ADDRESSES_MAX      16 /* of all of them */

/* ---- what a destination is ------------------------------------------------------------------ */

typedef enum mx_kind {
  MX_DOMAIN, /* its MX hosts take its mail */
  MX_HOST,   /* this host does */
  MX_ADDRESS /* the host at this address does */
} mx_kind_t;

typedef struct mx_destination {
  mx_kind_t kind;
  bool is_server; /* it was written with a port: a smart host */
  uint16_t port;
  ip46 ip;                     /* of MX_ADDRESS */
  char host[DNS_NAME_MAX + 1]; /* the domain or host in A-labels and lower case; of an address its
                                  text without brackets */
} mx_destination_t;

/* Takes a destination as routes write it: "domain", "host:port" or "[host]", "[host]:port",
   "[address]" (with or without "IPv6:"), "[address]:port". port: where the text has none. U-labels
   become A-labels. 0, or -1 with EINVAL. A pure parser. */
int mx_destination_parse(mx_destination_t *destination, char const *text, uint16_t port);

/* ---- its hosts ------------------------------------------------------------------------------ */

/* Who we are: mail that would come back to us is told from mail that goes on. */
typedef struct mx_self {
  size_t names_count;
  char const *const *names; /* without case or final dot */
  char const *networks;     /* of our addresses, as net_list_contains takes them; NULL: none */
} mx_self_t;

typedef struct mx_address {
  ip46 ip;
  char const *host; /* in names, "" for a bare address */
} mx_address_t;

/* True if both are one address of one host. */
bool mx_address_is_same(mx_address_t const *a, mx_address_t const *b);

typedef struct mx_list {
  size_t count;
  size_t equal; /* of them, the first ones: those of the most preferred hosts */
  mx_address_t addresses[MX_ADDRESSES_MAX]; /* in the order in which they are to be tried */
  char names[MX_HOSTS_MAX][DNS_NAME_MAX + 1];
} mx_list_t;

typedef enum mx_status { MX_BUSY, MX_FOUND, MX_FAILED } mx_status_t;

/* Finds the addresses of destination's hosts. It asks by dns_peek: MX_BUSY means that answers are
   on their way, and that it is to be called again, with the same seed, when there are some.
   Hosts of one preference are shuffled by seed, so are the addresses of a host; its IPv6 and
   IPv4 addresses take turns. Hosts that are ourselves, and those not preferred to them, are left
   out; an address or host that was given as such is never taken for ourselves.
   MX_FAILED with a verdict, without a reply code:
     4.4.3   the DNS has trouble
     5.1.2   there is no such domain
     5.1.10  the domain says that it takes no mail (a null MX)
     5.4.4   none of its hosts has an address, or it has neither MX nor address
     5.4.6   its best host is ourselves */
mx_status_t mx_find(mx_list_t *list, mx_destination_t const *destination, mx_self_t const *self,
                    dns_resolver_t *resolver, uint64_t seed, chain_verdict_t *verdict);

#endif
