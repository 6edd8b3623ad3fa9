/* net: addresses, networks and access rules. */
#ifndef CHAINMAIL_NET_H
#define CHAINMAIL_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <skalibs/cdb.h>
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

/* ---- access rules: tcprules text and its cdb, tcp-rules-compile(1) ------------------------- */

#define NET_RULE_KEY_MAX       512     /* bytes of an address in a rule */
#define NET_RULE_VALUE_MAX     4096    /* bytes of its instructions, compiled */
#define NET_RULE_VARIABLES_MAX 32      /* variables that one rule may set */
#define NET_RULES_TEXT_MAX     1048576 /* bytes of a text that is used without being compiled */

/* Why a text, or a whole table, is no good. line is 0 where no line is to blame. */
typedef struct net_rules_error {
  unsigned int line;
  char const *reason;
} net_rules_error_t;

/* Takes one record of the cdb; 0, or -1 with errno to stop. */
typedef int net_rule_f(void *data, char const *key, size_t key_len, char const *value,
                       size_t value_len);

/* Parses a rules text and gives each its records, in order; a range is many. The keys are those of
   ucspi-tcp's tcprules ("192.0.2.1", "192.0.2.", "=host", "") and, for networks of other lengths,
   "address/bits". 0, or -1 with errno (EINVAL: error says where) as soon as something is wrong. */
int net_rules_parse(char const *text, size_t len, net_rule_f *each, void *data,
                    net_rules_error_t *error);

/* Compiles a text into fd, an empty file. 0, or -1 with errno as above. */
int net_rules_compile(char const *text, size_t len, int fd, net_rules_error_t *error);

typedef struct net_rules {
  char const *path;
  bool snapshot; /* use a private copy: truncating the file in place then harms nobody */
  cdb map;
  int status; /* 0, or the errno that made the table unusable */
  net_rules_error_t error;
  struct stat stamp;       /* of the file that was read */
  size_t lengths_count[2]; /* IPv4, IPv6: the lengths of networks in use, longest first */
  unsigned char lengths[2][130];
} net_rules_t;

void net_rules_init(net_rules_t *rules, char const *path, bool snapshot);
/* Reads the file, cdb or text, if it is another one, or changed, since the last time. 0, or -1 with
   errno and error: the rules cannot be known, and nobody may be let in. An empty file is EPROTO. */
int net_rules_refresh(net_rules_t *rules);
void net_rules_free(net_rules_t *rules);

/* Who asks to be let in. */
typedef struct net_client {
  ip46 const *ip;   /* NULL: over a unix socket */
  char const *host; /* its name, or NULL */
  char const *info; /* what it says of its user (RFC 1413), or NULL */
  uid_t uid;        /* over a unix socket */
} net_client_t;

typedef struct net_rule {
  bool found; /* if not: allow is true, and there are no variables */
  bool allow;
  char const *value; /* in the table, until the next refresh */
  size_t value_len;
  size_t key_len;
  char key[NET_RULE_KEY_MAX + 1]; /* of the rule that was found */
} net_rule_t;

/* Called for every key that is looked up, in order. */
typedef void net_rules_say_f(void *data, char const *key, bool found);

/* Finds the rule for client: info@ip, info@=host, ip, =host, the networks of ip from the longest,
   the suffixes of host from the longest, "=", "". Over a unix socket: "uid:N", "unix", "". say may
   be NULL. 0, or -1 with EPROTO if the table is broken. */
int net_rules_find(net_rules_t const *rules, net_client_t const *client, net_rule_t *rule,
                   net_rules_say_f *say, void *data);

/* Steps through a rule's variables: "NAME=value", or NULL. *position is 0 at first. */
char const *net_rule_variable(net_rule_t const *rule, size_t *position);

#endif
