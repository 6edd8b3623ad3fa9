/* policy: what links that judge a client or a sender have in common (whom they do not judge, how
 * long they may take, what they do about a result), and the checks that are small enough to need no
 * subject of their own: DNS lists, confirmed names, resolvable senders.
 *
 * The checks ask a dns_resolver_t alone. */
#ifndef CHAINMAIL_POLICY_H
#define CHAINMAIL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/ip46.h>

#include "dns/dns.h"

/* ---- what is done about a result ------------------------------------------------------------ */

typedef enum policy_action {
  POLICY_PASS,
  POLICY_DEFER,
  POLICY_REJECT,
  POLICY_ACTIONS
} policy_action_t;

/* "pass", "defer", "reject" */
char const *policy_action_name(policy_action_t action);

/* A reply without its text; code 0 leaves the code to the caller. */
typedef struct policy_reply {
  unsigned int code;
  char const *enhanced;
} policy_reply_t;

/* A result that a check can have, and what is done about it. A check has a table of these. */
typedef struct policy_rule {
  char const *result;
  policy_action_t action;
  policy_reply_t reject, defer;
} policy_rule_t;

/* Changes the actions of a table as list says: "softfail=reject,temperror=defer". 0, or -1 with
   EINVAL: a result that the table does not have, or no action. */
int policy_rules_set(policy_rule_t *rules, size_t count, char const *list);

/* Ends in what rule says: a verdict with text, or the next program. */
_Noreturn void policy_act(policy_rule_t const *rule, char const *text, char const *const *next);

/* ---- settings that all of them have --------------------------------------------------------- */

typedef struct policy_settings {
  bool everyone;        /* relay clients and authenticated ones too */
  char const *networks; /* a list, or NULL: clients there are not checked */
  dns_settings_t dns;
} policy_settings_t;

/* The letters for getopt. -a: everyone; -n list; -s servers; -t milliseconds. */
#define POLICY_OPTIONS "an:s:t:"
#define POLICY_USAGE   "[-a] [-n networks] [-s servers] [-t milliseconds]"

/* Gives all questions so many milliseconds together, and a question a third of them at first, so
   that a datagram that is lost is sent again in time. */
void policy_time(policy_settings_t *settings, unsigned int ms);

/* Takes one of these options. 1; 0 if it is none of them; -1 with errno if its argument is no good
   (a list is a file that cannot be read, say). */
int policy_option(policy_settings_t *settings, int option, char const *argument);

/* What a list given as an option says: itself, or if it begins with '/' the text of that file, with
   '#' and what is behind it on a line made blanks. At most POLICY_LIST_MAX bytes. NULL with errno.
   Lives as long as the process. */
#define POLICY_LIST_MAX (1u << 20)
char const *policy_list(char const *argument);

/* True if domain is in a list, with commas or blanks between its entries, any case; ".example" is
   everything below example. */
bool policy_list_has_domain(char const *list, char const *domain);

/* Reads ${PROTO}REMOTEIP; v4-mapped IPv6 becomes IPv4. 0, or -1 with errno (ENOENT: there is none,
   the client came by a unix socket; EINVAL: it is none). */
int policy_client(ip46 *ip);

/* Why a client is not checked: "relay-client" (RELAYCLIENT is set), "authenticated"
   (SMTP_AUTH_USER is), "no-address" (ip is NULL), "network"; or NULL: it is. *bad is set if the
   list of networks cannot be parsed. */
char const *policy_exemption(policy_settings_t const *settings, ip46 const *ip, bool *bad);

/* Copies what a stranger said: bytes that are not printable ASCII become '?'. Cut at size - 1. */
void policy_printable(char *out, size_t size, char const *s, size_t len);

/* ---- DNS lists of addresses (RFC 5782) ------------------------------------------------------ */

#define DNSBL_LISTS_MAX  32
#define DNSBL_WEIGHT_MAX 1000000

/* Octets, a bit for each value. */
typedef struct dnsbl_octets {
  uint32_t bits[8];
} dnsbl_octets_t;

typedef struct dnsbl_list {
  char zone[DNS_NAME_MAX + 1];
  bool has_pattern;
  dnsbl_octets_t pattern[4];
  uint32_t mask; /* an answer counts if it has one of these bits; 0: any */
  int weight;
} dnsbl_list_t;

/* Parses "zone=127.0.0.[2..4;10]*2" or "zone&0.0.0.6": =pattern, &mask and *weight in this order,
   each may be missing. 0, or -1 with EINVAL. */
int dnsbl_list_parse(dnsbl_list_t *list, char const *s);

typedef enum dnsbl_status {
  DNSBL_CLEAR,
  DNSBL_LISTED,
  DNSBL_REFUSED, /* the list answers with an error code: it does not serve us */
  DNSBL_TROUBLE  /* no answer: that is not a listing */
} dnsbl_status_t;

typedef struct dnsbl_report {
  int score;                              /* the weights of those that list it */
  dnsbl_status_t status[DNSBL_LISTS_MAX]; /* of each list */
  ip46 code[DNSBL_LISTS_MAX];             /* the answer that counted */
} dnsbl_report_t;

/* Asks count lists about ip, all at once. */
void dnsbl_check(dnsbl_report_t *report, dns_resolver_t *resolver, dnsbl_list_t const *lists,
                 size_t count, ip46 const *ip);

/* What a list says about ip: its TXT record, printable; "" if there is none. */
void dnsbl_reason(char *out, size_t size, dns_resolver_t *resolver, dnsbl_list_t const *list,
                  ip46 const *ip);

/* ---- names of addresses (RFC 8601 2.7.3) ---------------------------------------------------- */

typedef enum fcrdns_result {
  FCRDNS_PASS,
  FCRDNS_FAIL,      /* it has names, but none leads back */
  FCRDNS_TEMPERROR, /* no answer, and no name that is confirmed */
  FCRDNS_PERMERROR, /* it has no name */
  FCRDNS_RESULTS
} fcrdns_result_t;

#define FCRDNS_NAMES_MAX 10 /* of one address; further ones are not looked at */

/* Finds the first name of ip that has ip among its addresses; name is "" unless there is one. */
fcrdns_result_t fcrdns_check(char name[DNS_NAME_MAX + 1], dns_resolver_t *resolver, ip46 const *ip);

/* ---- senders that can be answered (RFC 5321 5.1, RFC 7505) ---------------------------------- */

typedef enum sender_result {
  SENDER_MX,
  SENDER_ADDRESS, /* no MX, but an A or AAAA */
  SENDER_NULL,    /* the null sender, which asks for no answer */
  SENDER_LITERAL, /* user@[192.0.2.1] */
  SENDER_NULLMX,  /* its domain says that it takes no mail */
  SENDER_UNKNOWN, /* there is nothing */
  SENDER_TEMPERROR,
  SENDER_RESULTS
} sender_result_t;

/* sender is an address as SMTP_MAIL_FROM has it; U-labels are converted. */
sender_result_t sender_check(dns_resolver_t *resolver, char const *sender);

#endif
