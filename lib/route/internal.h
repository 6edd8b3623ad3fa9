/* What the parts of lib/route share: the records of the compiled table, and how a rule is found.
 *
 * The cdb maps keys, a letter and a text, to rules:
 *   =alice@example.test  an address            +alice@example.test  the same with any extension
 *   @example.test        a domain of ours      ~postmaster          a name, in every domain
 *   *                    all other domains     #                    not a rule: ROUTE_VERSION
 *   $alice               not a rule: an account
 * A rule is the number of its line in the text, decimal, and a NUL, then items, each a letter, a
 * text and a NUL:
 *   a<address>  alias    d<domain>  domain alias    +<characters>  a domain's separators, first
 *   and a route_kinds[].letter with an argument, then its terms:
 *   u<name>  the account, may have %-letters    q<quota>
 * An account is five texts, each with a NUL: "p" of a person or "", uid, gid, groups with commas
 * between, home.
 * A domain that has no rule of its own, only addresses, is a rule of line 0.
 *
 * The table may have been made by anybody: every function here stands any bytes. */
#ifndef CHAINMAIL_ROUTE_INTERNAL_H
#define CHAINMAIL_ROUTE_INTERNAL_H

#include "route/route.h"
#include "smtp/smtp.h"

#define ROUTE_VERSION "chainmail routes 1"

enum {
  ROUTE_KEY_ADDRESS = '=',
  ROUTE_KEY_EXTENSION = '+',
  ROUTE_KEY_DOMAIN = '@',
  ROUTE_KEY_NAME = '~',
  ROUTE_KEY_DEFAULT = '*',
  ROUTE_KEY_VERSION = '#',
  ROUTE_KEY_ACCOUNT = '$'
};

enum {
  ROUTE_ITEM_ALIAS = 'a',
  ROUTE_ITEM_DOMAIN = 'd',
  ROUTE_ITEM_SEPARATORS = '+',
  ROUTE_ITEM_USER = 'u',
  ROUTE_ITEM_QUOTA = 'q'
};

/* ---- rules and their items: record.c ------------------------------------------------------- */

typedef struct route_rule {
  size_t line;
  char const *items;
  size_t len;
} route_rule_t;

typedef struct route_item {
  char letter;
  char const *text;
  char const *user; /* its terms; "" where there is none */
  char const *quota;
} route_item_t;

/* True of a cdb that is a routes table of this version, and safe to search. (table.c) */
bool route_map_valid(cdb const *map);

/* Finds a rule: 1 found, 0 not, -1 with EPROTO. In a table that is not open there is none. */
int route_rule_find(route_table_t const *table, char const *key, size_t len, route_rule_t *rule);

/* Steps through the items, each with its terms; *position is 0 at first. A letter that is none of
   ours is the caller's to refuse. */
bool route_item_next(route_rule_t const *rule, size_t *position, route_item_t *item);

/* The text of the first item with this letter, or NULL. */
char const *route_rule_text(route_rule_t const *rule, char letter);

/* The channel an item's letter stands for, or ROUTE_CHANNELS. */
route_channel_t route_letter_channel(char letter);

/* ---- addresses and the rules that match them: match.c -------------------------------------- */

/* An address to look up, in lower case. */
typedef struct route_address {
  char key[1 + SMTP_ADDRESS_MAX + 1]; /* room for a key's letter, local part, @domain, a NUL */
  size_t len;                         /* of the address, which begins at key + 1 */
  size_t at;                          /* where its last @ is; len if it has none */
} route_address_t;

static inline char const *route_address_text(route_address_t const *address) {
  return address->key + 1;
}

/* A local part or a domain that is too long for anybody to have is left out: nothing matches it. */
void route_address_set(route_address_t *address, char const *s, size_t len);

/* Moves the local part to another domain. 0, or -1 with EPROTO if that is too long for one. */
int route_address_move(route_address_t *address, char const *domain);

/* Can it be somebody's at a domain that is not ours? */
bool route_address_foreign(route_address_t const *address);

typedef struct route_match {
  route_rule_t rule;
  char letter;     /* of the key that was found */
  size_t user_len; /* bytes of the local part before a separator and the extension; all, if none */
} route_match_t;

/* Finds the rule for an address. That may be a domain alias. */
route_status_t route_match_step(route_table_t const *table, route_address_t const *address,
                                route_match_t *match);

/* The same, and follows domain aliases: the address is then the one they led to. */
route_status_t route_match(route_table_t const *table, route_address_t *address,
                           route_match_t *match);

/* The rule for domains that are not ours. 1, 0, or -1 with EPROTO. */
int route_match_default(route_table_t const *table, route_address_t const *address,
                        route_match_t *match);

/* ---- the way from an address to its targets: resolve.c -------------------------------------- */

/* Told of each address on the way, before it is looked up. */
typedef void route_watch_f(void *data, route_address_t const *address, bool first);

/* route_resolve, and somebody looks on (or nobody: NULL). */
route_status_t route_resolve_watched(route_table_t const *table, char const *address, size_t len,
                                     route_target_f *each, route_watch_f *watch, void *data);

/* ---- Maildir paths: template.c -------------------------------------------------------------- */

/* What the %-letters of a path stand for; all in lower case. */
typedef struct route_parts {
  char const *local; /* %l */
  size_t local_len;
  char const *domain; /* %d */
  size_t domain_len;
  size_t user_len;       /* %u: the first bytes of local */
  char const *extension; /* %e */
  size_t extension_len;
} route_parts_t;

/* Fills in a path. What stands for a letter comes from the peer: every byte but a-z 0-9 - _ + = ,
   and a dot that does not begin it is written as %XX, so that it is one component or a part of one,
   never hidden, never "..", and different parts make different paths. 0, or -1 with errno:
   ENAMETOOLONG a component over 255 bytes or a path over ROUTE_TARGET_MAX, EPROTO a letter that is
   none. */
int route_template_fill(char path[ROUTE_TARGET_MAX], char const *template,
                        route_parts_t const *parts);

/* Fills an item of a target in. text, and its user and quota, are then in space, or as they were.
   0, or -1 with errno: those above, EPROTO of what is no target's item. */
typedef struct route_space {
  char path[ROUTE_TARGET_MAX];
  char user[ROUTE_TARGET_MAX];
} route_space_t;
int route_item_fill(route_item_t *item, route_space_t *space, route_address_t const *address,
                    route_match_t const *match);

#endif
