/* cert: certificates, and private keys as they lie on the disk. */
#ifndef CHAINMAIL_CERT_H
#define CHAINMAIL_CERT_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that lie elsewhere. */
typedef struct cert_bytes {
  unsigned char const *at;
  size_t len;
} cert_bytes_t;

/* ---- certificates alone (DER, RFC 5280): pure functions over hostile bytes ------------------- */

#define CERT_HASH_TEXT     72  /* bytes of "SHA256:<hex>" and a NUL */
#define CERT_SUBJECT_MAX   512 /* bytes of a subject as text, and a NUL */
#define CERT_END_POINT_MAX 64
#define CERT_NAME_MAX      255 /* bytes of a host name; longer ones are none */

/* The data of the tls-server-end-point channel binding (RFC 5929, section 4): the hash of the whole
   certificate by its signature's function, SHA-256 for MD5 and SHA-1. Returns its length; 0 where
   it is not defined, as for Ed25519. */
size_t cert_end_point(unsigned char const *der, size_t len, unsigned char hash[CERT_END_POINT_MAX]);
/* "SHA256:<hex>" of the certificate, as libtls and s6 write SSL_PEER_CERT_HASH. */
void cert_hash_text(unsigned char const *der, size_t len, char text[CERT_HASH_TEXT]);
/* The subject as RFC 4514 writes it; cut, with all that is not printable ASCII escaped. 0, or -1
   with EINVAL. */
int cert_subject(unsigned char const *der, size_t len, char text[CERT_SUBJECT_MAX]);
/* The SubjectPublicKeyInfo within (for DANE's selector 1 and pins). 0, or -1 with EINVAL. */
int cert_public_key(unsigned char const *der, size_t len, unsigned char const **spki,
                    size_t *spki_len);
/* When it is valid, in seconds since 1970, the last one included. 0, or -1 with EINVAL. */
int cert_validity(unsigned char const *der, size_t len, int64_t *not_before, int64_t *not_after);
/* True if name matches pattern, a dNSName: case aside, and * for a whole first label that has two
   more behind it (RFC 6125, section 6.4.3). Pure ASCII: names are A-labels here. */
bool cert_name_matches(char const *pattern, size_t len, char const *name);

/* The host names that a certificate is for: its dNSNames, or if it has no subjectAltName at all, as
   a last resort, the subject's last common name. What cannot be a host name is left out. */
typedef struct cert_names {
  cert_bytes_t rest;    /* general names to come */
  bool is_common_name;  /* there was nothing better */
  cert_bytes_t subject; /* its common name, until it was given */
} cert_names_t;
void cert_names_begin(cert_names_t *names, unsigned char const *der, size_t len);
/* False at the end. name lies in the certificate: no NUL ends it. */
bool cert_names_next(cert_names_t *names, cert_bytes_t *name);

/* Extended key usages (RFC 5280, section 4.2.1.12). */
typedef enum cert_purpose { CERT_FOR_SERVERS, CERT_FOR_CLIENTS } cert_purpose_t;
/* True if a certificate may be used so: it says so, or does not say what for. */
bool cert_is_for(unsigned char const *der, size_t len, cert_purpose_t purpose);

/* Subject and issuer, in DER: what chains hang together by. 0, or -1 with EINVAL. */
int cert_distinguished_names(unsigned char const *der, size_t len, cert_bytes_t *subject,
                             cert_bytes_t *issuer);

typedef enum cert_signed {
  CERT_SIGNED,
  CERT_NOT_SIGNED,
  CERT_SIGNED_UNKNOWN /* by an algorithm that is not known here */
} cert_signed_t;

/* Whether the key of the certificate issuer made the signature of the certificate der. RSA (PKCS#1)
   and ECDSA, with SHA-1 and SHA-2. */
cert_signed_t cert_signed_by(unsigned char const *der, size_t len, unsigned char const *issuer,
                             size_t issuer_len);

/* ---- files: PEM (RFC 7468) ------------------------------------------------------------------- */

#define CERT_FILE_MAX    262144 /* bytes of a PEM file */
#define CERT_DER_MAX     16384  /* bytes of one object in it */
#define CERT_CHAIN_MAX   8      /* certificates of a chain */
#define CERT_CHAIN_BYTES 32768  /* and their bytes in all */

/* Takes an object; label is "CERTIFICATE" or the like, der NULL for one that is no good. A text of
   what is wrong ends the walk. */
typedef char const *cert_pem_f(void *data, char const *label, unsigned char const *der, size_t len);
/* Gives each object of a PEM text, in order. NULL, or what each said. */
char const *cert_pem_each(char const *pem, size_t len, cert_pem_f *each, void *data);

/* Certificates as a server sends them: leaf first. Not to be moved. */
typedef struct cert_chain {
  size_t count;
  cert_bytes_t certificates[CERT_CHAIN_MAX];
  size_t used;
  unsigned char bytes[CERT_CHAIN_BYTES]; /* what certificates point into */
} cert_chain_t;

/* Takes the certificates of a PEM text. NULL, or a text of why it cannot be. */
char const *cert_chain_read(cert_chain_t *chain, char const *pem, size_t len);

typedef enum cert_key_type { CERT_RSA, CERT_P256, CERT_P384 } cert_key_type_t;

#define CERT_KEY_BITS_MIN 1024
#define CERT_KEY_BITS_MAX 4096

/* "RSA", "P-256"... */
char const *cert_key_type_name(cert_key_type_t type);

/* A public key. Not to be moved. */
typedef struct cert_public {
  cert_key_type_t type;
  unsigned int bits;
  union {
    br_rsa_public_key rsa;
    br_ec_public_key ec;
  };
  unsigned char bytes[BR_X509_BUFSIZE_KEY];
} cert_public_t;

/* The key of a certificate. NULL, or a text of why it is none we can use. */
char const *cert_public_read(cert_public_t *key, unsigned char const *der, size_t len);

/* A private key. Not to be moved; to be wiped with cert_key_wipe. */
typedef struct cert_key {
  cert_key_type_t type;
  unsigned int bits;
  union {
    br_rsa_private_key rsa;
    br_ec_private_key ec;
  };
  unsigned char bytes[3 * BR_X509_BUFSIZE_SIG]; /* what rsa and ec point into */
} cert_key_t;

/* Takes the first private key of a PEM text: RSA of 1024 to 4096 bits, EC on P-256 or P-384;
   PKCS#1, SEC 1 or PKCS#8. NULL, or a text of why it cannot be: an encrypted key has one of its
   own. */
char const *cert_key_read(cert_key_t *key, char const *pem, size_t len);
/* True if it belongs to the public key. */
bool cert_key_matches(cert_key_t const *key, cert_public_t const *public);
void cert_key_wipe(cert_key_t *key);

/* A certificate with its key. Not to be moved; to be wiped with cert_wipe. */
typedef struct cert_pair {
  cert_key_t key;
  cert_public_t public;
  unsigned char id[32]; /* SHA-256 of the leaf */
  int64_t not_before, not_after;
  cert_names_t names; /* those of the leaf, at the first */
  cert_chain_t chain;
} cert_pair_t;

/* What a pair's two halves tell when both were read: NULL, or a text of why they do not serve. */
char const *cert_pair_finish(cert_pair_t *pair);

/* Where a pair is. */
typedef struct cert_files {
  char const *name;  /* for people: "mail.example", "default.rsa" */
  char const *chain; /* path */
  char const *key;   /* path, or NULL: it is in the same file */
} cert_files_t;

/* Reads both. NULL, or a text of why it cannot be; errno is changed only by a file that cannot be
   read. Not to be used by two threads. */
char const *cert_pair_read(cert_pair_t *pair, cert_files_t const *files);

/* -1 to stop. */
typedef int cert_files_f(void *data, cert_files_t const *files);
/* Finds the pairs of a folder, in no order, links followed:
     NAME.pem or NAME.crt   with NAME.key if that is there
     NAME/fullchain.pem     with NAME/privkey.pem (certbot, dehydrated, in live/ and certs/ too)
   path may also be NAME's folder, or a file. 0, or -1 with errno, or when each says so. */
int cert_folder_each(char const *path, cert_files_f *each, void *data);

/* Wipes what the compiler would see no sense in wiping. */
void cert_wipe(void *bytes, size_t len);

#endif
