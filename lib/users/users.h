/* users: who may log in: the users file, its cdb, and what is known of a user.
 *
 * The text is for people and the user-* commands, users(5); programs look names up in the cdb. */
#ifndef CHAINMAIL_USERS_H
#define CHAINMAIL_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USERS_NAME_MAX   255  /* bytes of a login name */
#define USERS_RECORD_MAX 8192 /* bytes of all that is known of one user */

/* A SCRAM verifier (RFC 5802, section 3; RFC 5803 has the text form). */
#define USERS_SCRAM_SALT_MAX 64
typedef struct users_scram {
  uint32_t iterations; /* 0: there is none */
  size_t salt_len;
  unsigned char salt[USERS_SCRAM_SALT_MAX];
  unsigned char stored_key[32], server_key[32]; /* 20 bytes of them with SHA-1 */
} users_scram_t;

/* What is known of a user. Texts lie in record and end in NUL; NULL where nothing is said. */
typedef struct users_user {
  char const *name;
  char const *hash;  /* crypt(5); NULL: no password */
  char const *plain; /* for CRAM-MD5 and APOP only */
  users_scram_t scram_sha256, scram_sha1;
  char const *home;
  char const *senders;      /* addresses it may send as, blanks between; NULL: its own */
  char const *certificates; /* "SHA256:<hex>" of client certificates, blanks between */
  uint32_t uid, gid;        /* 0: the shared mail user */
  bool disabled;
  char record[USERS_RECORD_MAX];
} users_user_t;

/* Finds a user in the cdb at path; names are compared without regard to ASCII case. 0, or -1 with
   errno: ENOENT: no such user; EPROTO: a broken table; others: the file cannot be read (a table
   that is not there is ENODEV). Wipe user with users_wipe after use. */
int users_find(char const *path, char const *name, users_user_t *user);
/* The user that a client certificate ("SHA256:<hex>") belongs to. As users_find. */
int users_find_certificate(char const *path, char const *hash, users_user_t *user);
void users_wipe(users_user_t *user);

#endif
