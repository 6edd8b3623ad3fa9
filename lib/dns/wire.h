/* What goes over the wire (RFC 1035 section 4, RFC 6891): pure functions. */
#ifndef CHAINMAIL_DNS_WIRE_H
#define CHAINMAIL_DNS_WIRE_H

#include "dns/dns.h"

#define DNS_UDP_SIZE  1232 /* that we take; larger answers come by TCP (dnsflagday.net/2020) */
#define DNS_QUERY_MAX (12 + 255 + 4 + 11) /* header, name, type and class, OPT */
#define DNS_CHAIN_MAX 16                  /* CNAMEs that are followed */

/* Writes a question: recursion wanted, AD, EDNS0. Returns its length, or 0: not a name. */
size_t dns_query_write(uint8_t out[DNS_QUERY_MAX], uint16_t id, char const *name, dns_type_t type);

/* Reads what message answers to a question for name (in lower case): records of this type at
   name, or at the end of the CNAMEs that lead away from it. Returns one block that holds the
   records, for free(); NULL if there are none. Whatever is malformed is DNS_TROUBLE. */
void *dns_answer_read(dns_answer_t *answer, uint8_t const *message, size_t len, char const *name,
                      dns_type_t type);

/* Turns a name into the form it is asked in: lower case, no final dot. Returns false for what
   cannot be asked: an empty or too long label, more than 255 octets on the wire. "" is the root. */
bool dns_name_canonical(char out[DNS_NAME_MAX + 1], char const *name);

#endif
