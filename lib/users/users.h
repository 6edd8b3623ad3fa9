/* users: who may log in: the users file, its cdb, and what is known of a user.
 *
 * The text is for people and the user-* commands, users(5); programs look names up in the cdb. */
#ifndef CHAINMAIL_USERS_H
#define CHAINMAIL_USERS_H

#include <bearssl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define USERS_NAME_MAX       255      /* bytes of a login name */
#define USERS_PASSWORD_MAX   254      /* with the longest name, what checkpassword's fd 3 carries */
#define USERS_RECORD_MAX     8192     /* bytes of all that is known of one user */
#define USERS_MAX            100000   /* in one file: cdbmake sorts them on the stack */
#define USERS_ITERATIONS_MAX 10000000 /* of a SCRAM verifier: its client has to do them */

/* ---- a user --------------------------------------------------------------------------------- */

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

void users_wipe(users_user_t *user);

/* True if s can be a name: 1 to USERS_NAME_MAX bytes of UTF-8 without control characters. The same
   for a password. */
bool users_name_valid(char const *s, size_t len);
bool users_password_valid(char const *s, size_t len);
/* True if two names are one user's: ASCII letters in any case. */
bool users_name_is(char const *name, char const *other);

/* ---- looking up ----------------------------------------------------------------------------- */

/* Finds a user in the cdb at path; names are compared without regard to ASCII case. 0, or -1 with
   errno: ENOENT: no such user; EPROTO: a broken table; others: the file cannot be read (a table
   that is not there is ENODEV). Wipe user with users_wipe after use. */
int users_find(char const *path, char const *name, users_user_t *user);
/* The user that a client certificate ("SHA256:<hex>") belongs to. As users_find. */
int users_find_certificate(char const *path, char const *hash, users_user_t *user);
/* A user whose password takes as long to check as most users' do: who is not known is checked
   against this one's hash, so that it takes as long. ENOENT: no user has a password. As users_find.
 */
int users_find_model(char const *path, users_user_t *user);

/* ---- SCRAM verifiers ------------------------------------------------------------------------ */

/* hash is br_sha1_vtable or br_sha256_vtable in all of these. */

#define USERS_SCRAM_FMT 224 /* bytes of a verifier's text, with its NUL */

/* Reads "SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>" (RFC 5803), all of s. */
bool users_scram_parse(users_scram_t *scram, br_hash_class const *hash, char const *s);
void users_scram_format(char text[USERS_SCRAM_FMT], br_hash_class const *hash,
                        users_scram_t const *scram);
/* Makes the keys of scram from a password, with the salt and iterations that stand in scram. */
void users_scram_make(users_scram_t *scram, br_hash_class const *hash, char const *password,
                      size_t len);
/* True if this is the password of a verifier. Takes as long if it is not. */
bool users_scram_matches(users_scram_t const *scram, br_hash_class const *hash,
                         char const *password, size_t len);

/* ---- the text ------------------------------------------------------------------------------- */

/* Parses a line of users(5), without its newline. 1: a user; 0: a comment, or nothing; -1: an
   error, and *reason, which shows nothing of the line. */
int users_line_parse(users_user_t *user, char const *line, size_t len, char const **reason);
/* Writes the line of a user, with a newline and without a NUL. Its length; -1 with ERANGE: there is
   more than a record holds, or than line does. */
ssize_t users_line_format(char *line, size_t size, users_user_t const *user);

/* Told of each error; line counts from 1, 0 is the whole text. */
typedef void users_report_f(void *data, size_t line, char const *reason);

/* Compiles a text into fd, an empty file. 0; 1: the text has errors, of which the first hundred are
   reported; -1 with errno. */
int users_compile(char const *text, size_t len, int fd, users_report_f *report, void *data);

/* ---- the file ------------------------------------------------------------------------------- */

/* The users file while a program changes it: nobody else does. */
typedef struct users_file {
  int fd; /* locked */
  struct stat status;
  char path[PATH_MAX], table[PATH_MAX];
  char *text;
  size_t len, size;
} users_file_t;

/* Locks the file at path (and waits for whoever has it) and reads it. table NULL: path with ".cdb"
   behind it. 0, or -1 with errno. */
int users_file_open(users_file_t *file, char const *path, char const *table);
/* The same, but a file that is not there is made, 0600. */
int users_file_make(users_file_t *file, char const *path, char const *table);
/* Finds a user. 0, or -1 with ENOENT. */
int users_file_find(users_file_t const *file, char const *name, users_user_t *user);
/* Puts user in the place of the user of that name, or at the end. 0, or -1 with errno (EINVAL: what
   is to be told of it is in *reason; ERANGE: it is more than a record holds). */
int users_file_put(users_file_t *file, users_user_t const *user, char const **reason);
/* Takes a user's line out. 0, or -1 with ENOENT. */
int users_file_remove(users_file_t *file, char const *name);
/* Compiles the text; puts it, and its table, in the places of the old ones, with their mode and
   owner. Each is whole and on the disk before it does. As users_compile: unless it returns 0 the
   text in its place is the old one, or already the new one but not yet compiled. */
int users_file_save(users_file_t *file, users_report_f *report, void *data);
/* Only the table. */
int users_file_compile(users_file_t *file, users_report_f *report, void *data);
/* Wipes, unlocks, closes. */
void users_file_close(users_file_t *file);

#endif
