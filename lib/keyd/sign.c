/* Signatures by TLS's schemes: RSA (RFC 8017) and ECDSA, over BearSSL's constant-time code. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "keyd/keyd.h"

typedef enum form { FORM_PKCS1, FORM_PSS, FORM_ECDSA } form_t;

static struct scheme {
  keyd_scheme_t number;
  form_t form;
  br_hash_class const *hash;
  size_t hash_len;
} const schemes[] = {
    {KEYD_RSA_PKCS1_SHA256, FORM_PKCS1, &br_sha256_vtable, br_sha256_SIZE},
    {KEYD_RSA_PKCS1_SHA384, FORM_PKCS1, &br_sha384_vtable, br_sha384_SIZE},
    {KEYD_RSA_PKCS1_SHA512, FORM_PKCS1, &br_sha512_vtable, br_sha512_SIZE},
    {KEYD_RSA_PSS_SHA256, FORM_PSS, &br_sha256_vtable, br_sha256_SIZE},
    {KEYD_RSA_PSS_SHA384, FORM_PSS, &br_sha384_vtable, br_sha384_SIZE},
    {KEYD_RSA_PSS_SHA512, FORM_PSS, &br_sha512_vtable, br_sha512_SIZE},
    {KEYD_ECDSA_SHA256, FORM_ECDSA, &br_sha256_vtable, br_sha256_SIZE},
    {KEYD_ECDSA_SHA384, FORM_ECDSA, &br_sha384_vtable, br_sha384_SIZE},
    {KEYD_ECDSA_SHA512, FORM_ECDSA, &br_sha512_vtable, br_sha512_SIZE},
};

typedef struct scheme scheme_t;

static scheme_t const *find(keyd_scheme_t number) {
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (schemes[i].number == number) return &schemes[i];
  return NULL;
}

bool keyd_can_sign(cert_key_type_t type, keyd_scheme_t scheme) {
  scheme_t const *const how = find(scheme);
  return how && (how->form == FORM_ECDSA) == (type != CERT_RSA);
}

/* ---- RSA ------------------------------------------------------------------------------------- */

#define RSA_MAX (CERT_KEY_BITS_MAX / 8)

/* What is to be raised: as many bytes as the modulus has. */
typedef struct encoded {
  size_t len;
  unsigned char bytes[RSA_MAX];
} encoded_t;

/* EMSA-PKCS1-v1_5 (RFC 8017, section 9.2): 0, 1, ones, 0, DigestInfo. */
static int encode_pkcs1(encoded_t *encoded, scheme_t const *scheme, unsigned char const *hash) {
  /* SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.x, NULL }, OCTET STRING } */
  unsigned char const info[] = {0x30,
                                (unsigned char)(17 + scheme->hash_len),
                                0x30,
                                13,
                                6,
                                9,
                                0x60,
                                0x86,
                                0x48,
                                1,
                                0x65,
                                3,
                                4,
                                2,
                                (unsigned char)(scheme->hash_len / 16 - 1),
                                5,
                                0,
                                4,
                                (unsigned char)scheme->hash_len};
  size_t const tail = sizeof info + scheme->hash_len;
  if (encoded->len < tail + 11) return errno = EINVAL, -1;
  unsigned char *const digest = encoded->bytes + encoded->len - tail;
  memset(encoded->bytes, 0xff, encoded->len);
  encoded->bytes[0] = 0;
  encoded->bytes[1] = 1;
  digest[-1] = 0;
  memcpy(digest, info, sizeof info);
  memcpy(digest + sizeof info, hash, scheme->hash_len);
  return 0;
}

/* MGF1 (section B.2.1) of seed, xored into bytes. */
static void mask(br_hash_class const *class, unsigned char *bytes, size_t len,
                 unsigned char const *seed, size_t seed_len) {
  unsigned char block[64], counter[4] = {0};
  br_hash_compat_context context;
  for (size_t i = 0; i < len; i++) {
    if (i % seed_len == 0) {
      counter[3] = (unsigned char)(i / seed_len);
      class->init(&context.vtable);
      class->update(&context.vtable, seed, seed_len);
      class->update(&context.vtable, counter, sizeof counter);
      class->out(&context.vtable, block);
    }
    bytes[i] ^= block[i % seed_len];
  }
}

static void hash_salted(scheme_t const *scheme, unsigned char const *hash,
                        unsigned char const *salt, unsigned char *out) {
  static unsigned char const zeros[8];
  br_hash_compat_context context;
  scheme->hash->init(&context.vtable);
  scheme->hash->update(&context.vtable, zeros, sizeof zeros);
  scheme->hash->update(&context.vtable, hash, scheme->hash_len);
  scheme->hash->update(&context.vtable, salt, scheme->hash_len);
  scheme->hash->out(&context.vtable, out);
}

/* EMSA-PSS (section 9.1.1) with a salt as long as the hash: masked (zeros, 1, salt), H, 0xbc. The
   encoded message has one bit less than the modulus. */
static int encode_pss(encoded_t *encoded, scheme_t const *scheme, unsigned int bits,
                      unsigned char const *hash) {
  size_t const hash_len = scheme->hash_len, len = (bits + 6) / 8, block_len = len - hash_len - 1;
  unsigned char salt[64], *const block = encoded->bytes + encoded->len - len;
  if (len < 2 * hash_len + 2) return errno = EINVAL, -1;
  if (getrandom(salt, hash_len, 0) != (ssize_t)hash_len) return -1;
  memset(encoded->bytes, 0, encoded->len);
  block[block_len - hash_len - 1] = 1;
  memcpy(block + block_len - hash_len, salt, hash_len);
  hash_salted(scheme, hash, salt, block + block_len);
  mask(scheme->hash, block, block_len, block + block_len, hash_len);
  block[0] &= (unsigned char)(0xff >> (8 * len - (bits - 1)));
  block[len - 1] = 0xbc;
  return 0;
}

/* A signature that the public key does not undo tells the key's factors to whoever sees it. */
static bool is_undone(cert_public_t const *public, encoded_t const *encoded,
                      unsigned char const *signature) {
  unsigned char again[RSA_MAX];
  memcpy(again, signature, encoded->len);
  return br_rsa_public_get_default()(again, encoded->len, &public->rsa) &&
         !memcmp(again, encoded->bytes, encoded->len);
}

static int sign_rsa(cert_pair_t const *pair, scheme_t const *scheme, unsigned char const *hash,
                    unsigned char *signature, size_t *len) {
  encoded_t encoded = {.len = (pair->key.bits + 7) / 8};
  int const r = scheme->form == FORM_PSS ? encode_pss(&encoded, scheme, pair->key.bits, hash)
                                         : encode_pkcs1(&encoded, scheme, hash);
  if (r < 0) return -1;
  memcpy(signature, encoded.bytes, encoded.len);
  if (!br_rsa_private_get_default()(signature, &pair->key.rsa) ||
      !is_undone(&pair->public, &encoded, signature)) {
    cert_wipe(signature, encoded.len);
    return errno = EIO, -1;
  }
  *len = encoded.len;
  return 0;
}

/* ---- ECDSA ----------------------------------------------------------------------------------- */

/* The nonce is of RFC 6979: no randomness is asked for. */
static int sign_ecdsa(cert_pair_t const *pair, scheme_t const *scheme, unsigned char const *hash,
                      unsigned char *signature, size_t *len) {
  *len = br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), scheme->hash, hash, &pair->key.ec,
                                          signature);
  return *len ? 0 : (errno = EIO, -1);
}

int keyd_sign_with(cert_pair_t const *pair, keyd_scheme_t scheme, unsigned char const *hash,
                   size_t hash_len, unsigned char signature[KEYD_SIGNATURE_MAX], size_t *len) {
  scheme_t const *const how = find(scheme);
  if (!how || !keyd_can_sign(pair->key.type, scheme) || hash_len != how->hash_len)
    return errno = EINVAL, -1;
  if (how->form == FORM_ECDSA) return sign_ecdsa(pair, how, hash, signature, len);
  return sign_rsa(pair, how, hash, signature, len);
}
