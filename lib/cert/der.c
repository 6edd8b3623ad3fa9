#include "cert/der.h"

#include <string.h>

/* Lengths have four bytes at most, and no more than they need (X.690, section 10.1). */
static bool take_length(cert_bytes_t *in, size_t *len) {
  if (!in->len) return false;
  size_t count = *in->at++;
  in->len--;
  if (count < 0x80) return *len = count, true;
  count &= 0x7f;
  if (!count || count > 4 || count > in->len || !*in->at) return false;
  *len = 0;
  for (in->len -= count; count; count--) *len = *len << 8 | *in->at++;
  return *len >= 0x80;
}

bool der_next(cert_bytes_t *in, der_t *element) {
  cert_bytes_t rest = *in;
  size_t len;
  if (!rest.len || (*rest.at & 0x1f) == 0x1f) return false;
  element->tag = *rest.at++;
  rest.len--;
  if (!take_length(&rest, &len) || len > rest.len) return false;
  element->body = (cert_bytes_t){rest.at, len};
  rest.at += len;
  rest.len -= len;
  element->whole = (cert_bytes_t){in->at, (size_t)(rest.at - in->at)};
  *in = rest;
  return true;
}

bool der_take(cert_bytes_t *in, unsigned char tag, cert_bytes_t *body) {
  cert_bytes_t rest = *in;
  der_t element;
  if (!der_next(&rest, &element) || element.tag != tag) return false;
  *body = element.body;
  *in = rest;
  return true;
}

static bool take_whole(cert_bytes_t *in, unsigned char tag, cert_bytes_t *whole) {
  der_t element;
  if (!in->len || *in->at != tag || !der_next(in, &element)) return false;
  *whole = element.whole;
  return true;
}

bool der_is(cert_bytes_t const *bytes, void const *other, size_t len) {
  return bytes->len == len && !memcmp(bytes->at, other, len);
}

static bool parse_algorithm(certificate_t *certificate, cert_bytes_t *in) {
  cert_bytes_t algorithm;
  if (!der_take(in, DER_SEQUENCE, &algorithm)) return false;
  if (!der_take(&algorithm, DER_OID, &certificate->algorithm)) return false;
  certificate->parameters = algorithm;
  return true;
}

static bool parse_signed_part(certificate_t *certificate, cert_bytes_t in) {
  cert_bytes_t skipped, extensions = {0};
  der_take(&in, DER_CONSTRUCTED(0), &skipped); /* version */
  if (!der_take(&in, DER_INTEGER, &skipped) || !der_take(&in, DER_SEQUENCE, &skipped)) return false;
  if (!take_whole(&in, DER_SEQUENCE, &certificate->issuer)) return false;
  if (!der_take(&in, DER_SEQUENCE, &certificate->validity)) return false;
  if (!take_whole(&in, DER_SEQUENCE, &certificate->subject_whole)) return false;
  if (!take_whole(&in, DER_SEQUENCE, &certificate->public_key)) return false;
  der_take(&in, DER_CONTEXT(1), &skipped); /* identifiers that nobody uses */
  der_take(&in, DER_CONTEXT(2), &skipped);
  der_take(&in, DER_CONSTRUCTED(3), &extensions);
  if (in.len || (extensions.len && !der_take(&extensions, DER_SEQUENCE, &certificate->extensions)))
    return false;
  cert_bytes_t subject = certificate->subject_whole;
  return der_take(&subject, DER_SEQUENCE, &certificate->subject);
}

bool certificate_parse(certificate_t *certificate, unsigned char const *der, size_t len) {
  cert_bytes_t in = {der, len}, outer, signed_part;
  *certificate = (certificate_t){.extensions = {der, 0}};
  if (!der_take(&in, DER_SEQUENCE, &outer) || in.len) return false;
  if (!take_whole(&outer, DER_SEQUENCE, &certificate->signed_part)) return false;
  if (!parse_algorithm(certificate, &outer)) return false;
  cert_bytes_t *const signature = &certificate->signature;
  if (!der_take(&outer, DER_BIT_STRING, signature) || !signature->len || *signature->at)
    return false;
  signature->at++;
  signature->len--;
  in = certificate->signed_part;
  return der_take(&in, DER_SEQUENCE, &signed_part) && parse_signed_part(certificate, signed_part);
}

bool certificate_extension(certificate_t const *certificate, void const *oid, size_t len,
                           cert_bytes_t *value) {
  cert_bytes_t rest = certificate->extensions, extension, id, critical;
  while (der_take(&rest, DER_SEQUENCE, &extension) && der_take(&extension, DER_OID, &id)) {
    der_take(&extension, DER_BOOLEAN, &critical);
    if (der_is(&id, oid, len)) return der_take(&extension, DER_OCTET_STRING, value);
  }
  return false;
}

/* ---- algorithms ------------------------------------------------------------------------------ */

#define OID_MAX 9

typedef struct algorithm {
  unsigned char len, oid[OID_MAX];
  signature_algorithm_t meaning;
} algorithm_t;

#define PKCS1(n)                                                                                   \
  9, {                                                                                             \
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, (n)                                                  \
  }
#define ECDSA_SHA1                                                                                 \
  7, {                                                                                             \
    0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1                                                             \
  }
#define ECDSA_SHA2(n)                                                                              \
  8, {                                                                                             \
    0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, (n)                                                        \
  }
#define NIST_HASH(n)                                                                               \
  9, {                                                                                             \
    0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, (n)                                                        \
  }

static algorithm_t const algorithms[] = {
    {PKCS1(4), {SIGNATURE_RSA, &br_md5_vtable}},
    {PKCS1(5), {SIGNATURE_RSA, &br_sha1_vtable}},
    {PKCS1(11), {SIGNATURE_RSA, &br_sha256_vtable}},
    {PKCS1(12), {SIGNATURE_RSA, &br_sha384_vtable}},
    {PKCS1(13), {SIGNATURE_RSA, &br_sha512_vtable}},
    {PKCS1(14), {SIGNATURE_RSA, &br_sha224_vtable}},
    {PKCS1(10), {SIGNATURE_PSS, &br_sha1_vtable}}, /* the preset of its parameters */
    {ECDSA_SHA1, {SIGNATURE_EC, &br_sha1_vtable}},
    {ECDSA_SHA2(1), {SIGNATURE_EC, &br_sha224_vtable}},
    {ECDSA_SHA2(2), {SIGNATURE_EC, &br_sha256_vtable}},
    {ECDSA_SHA2(3), {SIGNATURE_EC, &br_sha384_vtable}},
    {ECDSA_SHA2(4), {SIGNATURE_EC, &br_sha512_vtable}},
};

static algorithm_t const hashes[] = {
    {NIST_HASH(1), {SIGNATURE_UNKNOWN, &br_sha256_vtable}},
    {NIST_HASH(2), {SIGNATURE_UNKNOWN, &br_sha384_vtable}},
    {NIST_HASH(3), {SIGNATURE_UNKNOWN, &br_sha512_vtable}},
    {NIST_HASH(4), {SIGNATURE_UNKNOWN, &br_sha224_vtable}},
};

static signature_algorithm_t find(algorithm_t const *table, size_t count, cert_bytes_t const *oid) {
  for (size_t i = 0; i < count; i++)
    if (der_is(oid, table[i].oid, table[i].len)) return table[i].meaning;
  return (signature_algorithm_t){SIGNATURE_UNKNOWN, NULL};
}

/* RSASSA-PSS-params (RFC 4055, section 3.1): hashAlgorithm is [0], SHA-1 if it is left out. */
static br_hash_class const *pss_hash(cert_bytes_t in) {
  cert_bytes_t parameters, tagged, algorithm, oid;
  if (!der_take(&in, DER_SEQUENCE, &parameters)) return NULL;
  if (!der_take(&parameters, DER_CONSTRUCTED(0), &tagged)) return &br_sha1_vtable;
  if (!der_take(&tagged, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid))
    return NULL;
  return find(hashes, sizeof hashes / sizeof *hashes, &oid).hash;
}

signature_algorithm_t certificate_algorithm(certificate_t const *certificate) {
  signature_algorithm_t found =
      find(algorithms, sizeof algorithms / sizeof *algorithms, &certificate->algorithm);
  if (found.kind == SIGNATURE_PSS) found.hash = pss_hash(certificate->parameters);
  return found;
}
