/* authres: what checks found out, told in a message's header: Authentication-Results (RFC 8601) and
 * Received-SPF (RFC 7208 9.1).
 *
 * A link appends its result to the list AUTH_RESULTS with authres_add; auth-results(8), near the
 * end of the chain, makes one field of the list and finds the fields that pretend to be ours. */
#ifndef CHAINMAIL_AUTHRES_H
#define CHAINMAIL_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "chain/chain.h"

#define AUTHRES_ITEM_MAX  4096 /* bytes of one item that we write */
#define AUTHRES_WORD_MAX  900  /* bytes that cannot be folded: RFC 5322 2.1.1 allows a line 998 */
#define AUTHRES_FIELD_MAX (CHAIN_LIST_MAX + CHAIN_LIST_MAX / 8) /* of a field, folded */
#define AUTHRES_ID_MAX    255                                   /* of an authserv-id */

/* smtp.mailfrom=a@b.example: a ptype, a property and its pvalue (2.2). */
typedef struct authres_property {
  char const *type;
  char const *name;
  char const *value; /* any bytes; NULL: the property is left out */
} authres_property_t;

/* One resinfo (2.2). method, result, type and name are our own keywords, the rest may be a
   stranger's bytes. */
typedef struct authres_result {
  char const *method;
  char const *result;
  char const *comment; /* or NULL */
  char const *reason;  /* or NULL */
  authres_property_t const *properties;
  size_t nproperties;
} authres_result_t;

/* Writes "spf=fail (comment) reason=\"...\" smtp.mailfrom=a@b.example" and a NUL: values are quoted
   where they must be, control bytes become '?'. Returns its length, or -1 with EMSGSIZE: too long
   for out, or with a word that is over AUTHRES_WORD_MAX. */
ssize_t authres_item_format(char *out, size_t size, authres_result_t const *result);

/* Appends it to AUTH_RESULTS. 0, or -1 with errno (EMSGSIZE; E2BIG: the list is full). */
int authres_add(authres_result_t const *result);

/* Steps through a list of items, size bytes with "; " between them: 1 and the item, without the
   blanks around it; 0 at the end; -1 with EINVAL if what follows is no resinfo, or holds control
   bytes: nothing behind it can be trusted to be what it seems. *position is 0 at first. */
int authres_item_next(char const *list, size_t size, size_t *position, char const **item,
                      size_t *len);

/* Writes the field "Authentication-Results: id; ...", folded, ended by LF and NUL: the items of
   list up to the first that is none, or "none". *good (may be NULL) is false if there was such a
   one. Returns its length, or -1 with EMSGSIZE. */
ssize_t authres_field_format(char *out, size_t size, char const *id, char const *list, bool *good);

/* An Authentication-Results field in a message. */
typedef struct authres_field {
  size_t start, end;           /* [start, end), with its LF */
  char id[AUTHRES_ID_MAX + 2]; /* its authserv-id without quotes, cut; "" if there is none to be
                                  read */
} authres_field_t;

/* Finds the next one in the header of message, whose lines end in LF; what is behind the first
   empty line is not looked at. *position is 0 at first. */
bool authres_field_next(char const *message, size_t len, size_t *position, authres_field_t *field);

/* ---- Received-SPF --------------------------------------------------------------------------- */

/* NULL members are left out. */
typedef struct authres_received_spf {
  char const *result;
  char const *comment;
  char const *receiver;
  char const *client_ip;
  char const *envelope_from;
  char const *helo;
  char const *identity; /* mailfrom or helo */
  char const *mechanism;
  char const *problem;
} authres_received_spf_t;

/* Writes the field, folded, ended by LF and NUL. Returns its length, or -1 with EMSGSIZE. */
ssize_t authres_received_spf_format(char *out, size_t size, authres_received_spf_t const *field);

#endif
