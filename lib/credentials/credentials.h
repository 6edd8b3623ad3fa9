/* credentials: what a checkpassword program is given on descriptor 3. */
#ifndef CHAINMAIL_CREDENTIALS_H
#define CHAINMAIL_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#define CREDENTIALS_MAX 512 /* bytes, NULs included: the interface's own limit */

/* Strings into bytes. */
typedef struct credentials {
  char const *login;
  char const *secret; /* a password, or the digest that answers a challenge */
  char const *extra;  /* a timestamp, or the challenge; "" without one */
  size_t len;
  char bytes[CREDENTIALS_MAX + 1];
} credentials_t;

/* Finds the strings in bytes, of which there are len: login and secret end in a NUL each, extra in
   one or where the bytes end. False: there are too many bytes, or no two NULs. */
bool credentials_parse(credentials_t *credentials);

/* Reads descriptor fd to its end and parses. 0, or -1 with errno (EPROTO: no credentials). */
int credentials_read(credentials_t *credentials, int fd);
void credentials_wipe(credentials_t *credentials);

/* True if the strings are the same. What it takes depends on the length of secret alone. */
bool credentials_same(char const *secret, char const *said);
/* True if secret is the password that answers a challenge in extra with digest (the secret of
   credentials): RFC 2195, section 2; RFC 1939, section 7. */
bool credentials_cram_md5(credentials_t const *credentials, char const *secret);
bool credentials_apop(credentials_t const *credentials, char const *secret);

#endif
