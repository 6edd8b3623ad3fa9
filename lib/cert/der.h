/* der: stepping through DER (X.690), and a certificate taken apart (RFC 5280, section 4.1). */
#ifndef CERT_DER_H
#define CERT_DER_H

#include "cert/cert.h"

enum der_tag {
  DER_BOOLEAN = 0x01,
  DER_INTEGER = 0x02,
  DER_BIT_STRING = 0x03,
  DER_OCTET_STRING = 0x04,
  DER_OID = 0x06,
  DER_UTF8_STRING = 0x0c,
  DER_PRINTABLE_STRING = 0x13,
  DER_TELETEX_STRING = 0x14,
  DER_IA5_STRING = 0x16,
  DER_UTC_TIME = 0x17,
  DER_GENERALIZED_TIME = 0x18,
  DER_SEQUENCE = 0x30,
  DER_SET = 0x31
};
#define DER_CONTEXT(n)     (0x80 | (n)) /* [n] of a simple type */
#define DER_CONSTRUCTED(n) (0xa0 | (n))

/* An element: what it is, what is in it, and all of its bytes. */
typedef struct der {
  unsigned char tag;
  cert_bytes_t body, whole;
} der_t;

/* Takes the next element off in. False at the end, and for what is no DER: long tags, indefinite
   or longer than needed lengths, bodies that are cut. */
bool der_next(cert_bytes_t *in, der_t *element);
/* The same for one that must be of this tag; in stands still if it is another. */
bool der_take(cert_bytes_t *in, unsigned char tag, cert_bytes_t *body);
bool der_is(cert_bytes_t const *bytes, void const *other, size_t len);

typedef struct certificate {
  cert_bytes_t signed_part;   /* tbsCertificate, whole */
  cert_bytes_t algorithm;     /* of the signature: an OID's bytes */
  cert_bytes_t parameters;    /* and what stands behind it */
  cert_bytes_t signature;     /* without the count of unused bits */
  cert_bytes_t issuer;        /* Names, whole */
  cert_bytes_t subject;       /* a Name's body: RDNs */
  cert_bytes_t subject_whole; /* and whole */
  cert_bytes_t validity;      /* body */
  cert_bytes_t public_key;    /* SubjectPublicKeyInfo, whole */
  cert_bytes_t extensions;    /* body, empty if there are none */
} certificate_t;

/* False if it is none. */
bool certificate_parse(certificate_t *certificate, unsigned char const *der, size_t len);

/* The value of its extension with this OID; false if there is none. */
bool certificate_extension(certificate_t const *certificate, void const *oid, size_t len,
                           cert_bytes_t *value);

/* The hash function that a signature algorithm implies, and what it is used with. */
typedef enum signature_kind {
  SIGNATURE_UNKNOWN,
  SIGNATURE_RSA,
  SIGNATURE_PSS,
  SIGNATURE_EC
} signature_kind_t;
typedef struct signature_algorithm {
  signature_kind_t kind;
  br_hash_class const *hash;
} signature_algorithm_t;

signature_algorithm_t certificate_algorithm(certificate_t const *certificate);

#endif
