/* The table: what its keys are. A user's record is the user's line of the text: so there is one
 * parser, and it trusts nothing. */
#ifndef CHAINMAIL_USERS_INTERNAL_H
#define CHAINMAIL_USERS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <skalibs/cdb.h>

#include "users/users.h"

#define USERS_VERSION "chainmail users 1" /* the value of the key "" */

typedef enum users_key {
  USERS_KEY_NAME = 'u',        /* and the name: the user's line */
  USERS_KEY_CERTIFICATE = 'c', /* and SHA256:<hex>: a name */
  USERS_KEY_MODEL = 'm'        /* a name */
} users_key_t;

#define USERS_KEY_MAX (1 + USERS_NAME_MAX)

/* Writes a key, ASCII letters in lower case. len is at most USERS_NAME_MAX. Returns its length. */
size_t users_key_make(char key[USERS_KEY_MAX], users_key_t kind, char const *s, size_t len);

/* True if a file's bytes are a whole table of ours. */
bool users_map_valid(cdb const *map);
/* Finds the user that a key leads to, in a valid table. 0, or -1 with ENOENT or EPROTO. */
int users_map_find(cdb const *map, users_key_t kind, char const *s, users_user_t *user);

#endif
