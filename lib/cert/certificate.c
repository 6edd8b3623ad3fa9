/* What is told from one certificate: its hashes, its key, its time, who signed it. */
#include <errno.h>
#include <string.h>

#include <skalibs/fmtscan.h>

#include "cert/der.h"

static br_hash_class const *end_point_hash(certificate_t const *certificate) {
  br_hash_class const *const hash = certificate_algorithm(certificate).hash;
  return hash == &br_md5_vtable || hash == &br_sha1_vtable ? &br_sha256_vtable : hash;
}

/* Returns the hash's length. */
static size_t hash_bytes(br_hash_class const *class, void const *bytes, size_t len, void *hash) {
  br_hash_compat_context context;
  class->init(&context.vtable);
  class->update(&context.vtable, bytes, len);
  class->out(&context.vtable, hash);
  return class->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

size_t cert_end_point(unsigned char const *der, size_t len,
                      unsigned char hash[CERT_END_POINT_MAX]) {
  certificate_t certificate;
  if (!certificate_parse(&certificate, der, len)) return 0;
  br_hash_class const *const class = end_point_hash(&certificate);
  return class ? hash_bytes(class, der, len, hash) : 0;
}

void cert_hash_text(unsigned char const *der, size_t len, char text[CERT_HASH_TEXT]) {
  unsigned char hash[br_sha256_SIZE];
  hash_bytes(&br_sha256_vtable, der, len, hash);
  char *const digits = stpcpy(text, "SHA256:");
  digits[ucharn_fmt(digits, (char const *)hash, sizeof hash)] = 0;
}

int cert_public_key(unsigned char const *der, size_t len, unsigned char const **spki,
                    size_t *spki_len) {
  certificate_t certificate;
  if (!certificate_parse(&certificate, der, len)) return errno = EINVAL, -1;
  *spki = certificate.public_key.at;
  *spki_len = certificate.public_key.len;
  return 0;
}

int cert_distinguished_names(unsigned char const *der, size_t len, cert_bytes_t *subject,
                             cert_bytes_t *issuer) {
  certificate_t certificate;
  if (!certificate_parse(&certificate, der, len)) return errno = EINVAL, -1;
  *subject = certificate.subject_whole;
  *issuer = certificate.issuer;
  return 0;
}

/* ---- purposes -------------------------------------------------------------------------------- */

static unsigned char const extended_key_usage[] = {0x55, 0x1d, 0x25};
static unsigned char const any_purpose[] = {0x55, 0x1d, 0x25, 0};
static unsigned char const purposes[][8] = {
    [CERT_FOR_SERVERS] = {0x2b, 6, 1, 5, 5, 7, 3, 1},
    [CERT_FOR_CLIENTS] = {0x2b, 6, 1, 5, 5, 7, 3, 2},
};

bool cert_is_for(unsigned char const *der, size_t len, cert_purpose_t purpose) {
  certificate_t certificate;
  cert_bytes_t value, all, one;
  if (!certificate_parse(&certificate, der, len)) return false;
  if (!certificate_extension(&certificate, extended_key_usage, sizeof extended_key_usage, &value))
    return true;
  if (!der_take(&value, DER_SEQUENCE, &all)) return false;
  while (der_take(&all, DER_OID, &one))
    if (der_is(&one, purposes[purpose], sizeof *purposes) ||
        der_is(&one, any_purpose, sizeof any_purpose))
      return true;
  return false;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Days from 1970-01-01 to this day of the Gregorian calendar. */
static int64_t days_to(int64_t year, int64_t month, int64_t day) {
  /* Years that begin in March end in the leap day. */
  int64_t const y = month > 2 ? year : year - 1, m = (month + 9) % 12;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_digits(cert_bytes_t *in, size_t count, int64_t *number) {
  if (in->len < count) return false;
  *number = 0;
  for (in->len -= count; count; count--, in->at++) {
    if (*in->at < '0' || *in->at > '9') return false;
    *number = 10 * *number + (*in->at - '0');
  }
  return true;
}

/* UTCTime's years are those of 1950 to 2049 (RFC 5280, section 4.1.2.5.1). */
static bool take_year(der_t *time, int64_t *year) {
  if (time->tag == DER_GENERALIZED_TIME) return take_digits(&time->body, 4, year);
  if (time->tag != DER_UTC_TIME || !take_digits(&time->body, 2, year)) return false;
  *year += *year < 50 ? 2000 : 1900;
  return true;
}

/* YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ: the only forms that RFC 5280 has. */
static bool take_time(cert_bytes_t *in, int64_t *seconds) {
  der_t time;
  int64_t year, month, day, hour, minute, second;
  if (!der_next(in, &time) || !take_year(&time, &year)) return false;
  cert_bytes_t *const text = &time.body;
  if (!take_digits(text, 2, &month) || !take_digits(text, 2, &day) ||
      !take_digits(text, 2, &hour) || !take_digits(text, 2, &minute) ||
      !take_digits(text, 2, &second) || !der_is(text, "Z", 1))
    return false;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
    return false;
  *seconds = ((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  return true;
}

int cert_validity(unsigned char const *der, size_t len, int64_t *not_before, int64_t *not_after) {
  certificate_t certificate;
  if (!certificate_parse(&certificate, der, len) || !take_time(&certificate.validity, not_before) ||
      !take_time(&certificate.validity, not_after))
    return errno = EINVAL, -1;
  return 0;
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* The OIDs of hash functions as BearSSL wants them: their length, then their bytes. */
static unsigned char const *oid_of(br_hash_class const *class) {
  static unsigned char const sha1[] = {5, 0x2b, 0x0e, 3, 2, 0x1a};
  static unsigned char const sha2[][10] = {
      {9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4},
      {9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1},
      {9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2},
      {9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3},
  };
  unsigned int const id = class->desc >> BR_HASHDESC_ID_OFF & BR_HASHDESC_ID_MASK;
  return id == br_sha1_ID ? sha1 : sha2[id - br_sha224_ID];
}

static bool verify_rsa(cert_public_t const *key, certificate_t const *certificate,
                       br_hash_class const *class) {
  unsigned char hash[64], signed_hash[64];
  size_t const len =
      hash_bytes(class, certificate->signed_part.at, certificate->signed_part.len, hash);
  if (key->type != CERT_RSA) return false;
  return br_rsa_pkcs1_vrfy_get_default()(certificate->signature.at, certificate->signature.len,
                                         oid_of(class), len, &key->rsa, signed_hash) &&
         !memcmp(hash, signed_hash, len);
}

static bool verify_ec(cert_public_t const *key, certificate_t const *certificate,
                      br_hash_class const *class) {
  unsigned char hash[64];
  size_t const len =
      hash_bytes(class, certificate->signed_part.at, certificate->signed_part.len, hash);
  if (key->type == CERT_RSA) return false;
  return br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), hash, len, &key->ec,
                                          certificate->signature.at, certificate->signature.len);
}

cert_signed_t cert_signed_by(unsigned char const *der, size_t len, unsigned char const *issuer,
                             size_t issuer_len) {
  certificate_t certificate;
  cert_public_t key;
  bool good;
  if (!certificate_parse(&certificate, der, len)) return CERT_NOT_SIGNED;
  signature_algorithm_t const algorithm = certificate_algorithm(&certificate);
  if (cert_public_read(&key, issuer, issuer_len) || algorithm.hash == &br_md5_vtable)
    return CERT_SIGNED_UNKNOWN;
  switch (algorithm.kind) {
  case SIGNATURE_RSA: good = verify_rsa(&key, &certificate, algorithm.hash); break;
  case SIGNATURE_EC: good = verify_ec(&key, &certificate, algorithm.hash); break;
  default: return CERT_SIGNED_UNKNOWN;
  }
  return good ? CERT_SIGNED : CERT_NOT_SIGNED;
}
