/* dns: questions to the DNS, on c-ares, for checks that need many answers soon and must never wait
 * long. An answer tells found, no data, no such name and trouble apart.
 *
 *   dns_prefetch(resolver, "a.example", DNS_A);       several may be under way at once
 *   dns_prefetch(resolver, "b.example", DNS_A);
 *   dns_answer_t const *answer = dns_get(resolver, "a.example", DNS_A);   waits for this one
 *
 * Code that evaluates (lib/spf) sees only dns_resolver_t's functions: with recorded zones behind
 * them it runs without a network. */
#ifndef CHAINMAIL_DNS_H
#define CHAINMAIL_DNS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/ip46.h>

#define DNS_NAME_MAX    255   /* octets of a name in its text form, no final dot (RFC 1035 2.3.4) */
#define DNS_RECORDS_MAX 1000  /* of one answer; further ones are dropped, and the answer is cut */
#define DNS_ANSWER_MAX  65535 /* octets of one answer's data */
#define DNS_QUERIES_MAX 256   /* that one process sends, an attack is more */

typedef enum dns_type {
  DNS_A = 1,
  DNS_CNAME = 5,
  DNS_PTR = 12,
  DNS_MX = 15,
  DNS_TXT = 16,
  DNS_AAAA = 28,
  DNS_TLSA = 52
} dns_type_t; /* any other type can be asked as well: (dns_type_t)33 */

typedef enum dns_status {
  DNS_FOUND,
  DNS_NO_DATA, /* the name is there, the type is not (NOERROR, nothing) */
  DNS_NO_NAME, /* NXDOMAIN */
  DNS_TROUBLE, /* no answer in time, SERVFAIL, REFUSED, a malformed answer, a cap */
  DNS_BAD_NAME /* not a name that can be asked */
} dns_status_t;

typedef struct dns_record {
  uint16_t preference; /* MX */
  ip46 ip;             /* A, AAAA */
  char const *data;    /* MX, PTR, CNAME: a name, NUL-terminated, no final dot; "" is the root.
                          One with a dot or NUL inside a label is left out.
                          TXT: its strings joined (RFC 7208 3.3), may hold NULs.
                          TLSA and all others: the record's bytes */
  size_t len;          /* of data */
} dns_record_t;

typedef struct dns_answer {
  dns_status_t status;
  int error;      /* with DNS_TROUBLE: errno, if it is this host that could not ask, or 0 */
  bool authentic; /* the AD bit: only as good as the way to the resolver */
  bool cut;
  uint32_t ttl; /* seconds, the least of its records */
  size_t count;
  dns_record_t const *records; /* in the order of the answer */
} dns_answer_t;

/* Whom to ask. An answer stays valid as long as its resolver. name is in lower case, without a
   final dot, and can be asked: dns_get and dns_prefetch see to it. */
typedef struct dns_resolver dns_resolver_t;
struct dns_resolver {
  void (*prefetch)(dns_resolver_t *self, char const *name, dns_type_t type); /* may be NULL */
  dns_answer_t const *(*get)(dns_resolver_t *self, char const *name, dns_type_t type);
  dns_answer_t const *(*peek)(dns_resolver_t *self, char const *name,
                              dns_type_t type); /* the same */
};

/* name is taken without case and with or without its final dot; its bytes are asked as they are,
   and a dot always ends a label. Never NULL. */
dns_answer_t const *dns_get(dns_resolver_t *resolver, char const *name, dns_type_t type);
void dns_prefetch(dns_resolver_t *resolver, char const *name, dns_type_t type);
/* The same as dns_get without waiting: NULL as long as there is no answer. The question is sent if
   it is new, and an answer that was there once stays. A resolver that cannot do this waits. */
dns_answer_t const *dns_peek(dns_resolver_t *resolver, char const *name, dns_type_t type);

#define DNS_SERVERS_MAX 8 /* further ones are not asked */

typedef struct dns_settings {
  char const *servers;   /* "192.0.2.1 [2001:db8::1]:5353 ..."; NULL: DNSCACHEIP, or
                            resolv.conf, or 127.0.0.1 */
  unsigned int query_ms; /* for a try of one question; each further round has twice the time */
  unsigned int tries;    /* rounds through the servers */
  unsigned int total_ms; /* for everything that this resolver is asked, from its first
                            question on; later ones are DNS_TROUBLE at once */
} dns_settings_t;

#define DNS_SETTINGS_DEFAULT                                                                       \
  { .servers = NULL, .query_ms = 2000, .tries = 3, .total_ms = 20000 }

/* The real one, on c-ares, with EDNS0 and TCP where an answer is truncated; it remembers what it
   was told, because one message asks the same name several times. Questions have the AD bit set
   (RFC 6840 5.7), so that a validating resolver says what it found authentic. settings NULL: the
   defaults. NULL with errno (EINVAL: servers). Nothing is opened before the first question. */
dns_resolver_t *dns_open(dns_settings_t const *settings);
void dns_close(dns_resolver_t *resolver);

#define DNS_SOCKETS_MAX 16

/* For those who poll for themselves, and peek: the sockets of this resolver, one of dns_open's.
   Returns their number, and in *ms the milliseconds after which dns_step must be called in any case
   (-1: there is nothing under way). */
size_t dns_wait(dns_resolver_t *resolver, struct pollfd fds[DNS_SOCKETS_MAX], int *ms);
/* Takes what came in, and asks again what was not answered in time. */
void dns_step(dns_resolver_t *resolver, struct pollfd const *fds, size_t count);

/* Questions that went out (what was remembered is not counted). */
unsigned int dns_asked(dns_resolver_t const *resolver);

/* Writes the reverse name of ip: "1.2.0.192.in-addr.arpa", or that in zone instead ("zone"
   NULL: in-addr.arpa or ip6.arpa). 0, or -1 with ENAMETOOLONG. */
int dns_reverse_name(char out[DNS_NAME_MAX + 1], ip46 const *ip, char const *zone);

/* Turns a domain that may hold U-labels into A-labels, lower case (IDNA2008, UTS 46, by libidn2).
   0, or -1 with EINVAL or ENAMETOOLONG. */
int dns_name_to_ascii(char out[DNS_NAME_MAX + 1], char const *s, size_t len);

#endif
