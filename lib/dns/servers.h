/* Whom to ask: lists of servers, resolv.conf. */
#ifndef CHAINMAIL_DNS_SERVERS_H
#define CHAINMAIL_DNS_SERVERS_H

#include "dns/dns.h"

typedef struct dns_server {
  ip46 ip;
  uint16_t port;
} dns_server_t;

typedef struct dns_servers {
  size_t count;
  dns_server_t list[DNS_SERVERS_MAX];
} dns_servers_t;

/* Parses "192.0.2.1 192.0.2.2:5353 2001:db8::1 [2001:db8::2]:5353", separated by blanks or commas.
   0, or -1 with EINVAL (none at all is one, too). */
int dns_servers_parse(dns_servers_t *servers, char const *s);

/* Takes the nameserver lines of a resolv.conf; lines that it cannot read are passed over, as the
   C libraries do. */
void dns_servers_of_conf(dns_servers_t *servers, char const *text);

/* The servers of settings, else DNSCACHEIP, else those of /etc/resolv.conf, else 127.0.0.1.
   0, or -1 with EINVAL. */
int dns_servers_find(dns_servers_t *servers, char const *setting);

#endif
