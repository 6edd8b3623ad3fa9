/* cert: certificates, and private keys as they lie on the disk. */
#ifndef CHAINMAIL_CERT_H
#define CHAINMAIL_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/keyd.h"

/* ---- certificates alone (DER, RFC 5280): pure functions over hostile bytes ------------------- */

#define CERT_HASH_TEXT     72  /* bytes of "SHA256:<hex>" and a NUL */
#define CERT_SUBJECT_MAX   512 /* bytes of a subject as text, and a NUL */
#define CERT_END_POINT_MAX 64

/* The data of the tls-server-end-point channel binding (RFC 5929, section 4): the hash of the whole
   certificate by its signature's function, SHA-256 for MD5 and SHA-1. Returns its length. */
size_t cert_end_point(unsigned char const *der, size_t len, unsigned char hash[CERT_END_POINT_MAX]);
/* "SHA256:<hex>" of the certificate, as libtls and s6 write SSL_PEER_CERT_HASH. */
void cert_hash_text(unsigned char const *der, size_t len, char text[CERT_HASH_TEXT]);
/* The subject as RFC 4514 writes it; cut, with control bytes escaped. 0, or -1 with EINVAL. */
int cert_subject(unsigned char const *der, size_t len, char text[CERT_SUBJECT_MAX]);
/* The SubjectPublicKeyInfo within (for DANE's selector 1 and pins). 0, or -1 with EINVAL. */
int cert_public_key(unsigned char const *der, size_t len, unsigned char const **spki,
                    size_t *spki_len);
/* True if name matches pattern, a dNSName: case aside, and * for a whole first label that has two
   more behind it (RFC 6125, section 6.4.3). Pure ASCII: names are A-labels here. */
bool cert_name_matches(char const *pattern, size_t len, char const *name);

#endif
