#include "tls/client_identity.h"

#include <stdbool.h>
#include <string.h>

typedef br_ssl_client_certificate_class const *class_t;

static void ignore(class_t *self) {
  (void)self;
}

static void ignore_len(class_t *self, size_t len) {
  (void)self;
  (void)len;
}

static void ignore_bytes(class_t *self, unsigned char const *bytes, size_t len) {
  (void)self;
  (void)bytes;
  (void)len;
}

/* Which schemes there are, best first, and BearSSL's words for them. */
static struct {
  keyd_scheme_t scheme;
  unsigned char auth, hash;
} const schemes[] = {
    {KEYD_ECDSA_SHA256, BR_AUTH_ECDSA, br_sha256_ID},
    {KEYD_RSA_PKCS1_SHA256, BR_AUTH_RSA, br_sha256_ID},
    {KEYD_ECDSA_SHA384, BR_AUTH_ECDSA, br_sha384_ID},
    {KEYD_RSA_PKCS1_SHA384, BR_AUTH_RSA, br_sha384_ID},
    {KEYD_ECDSA_SHA512, BR_AUTH_ECDSA, br_sha512_ID},
    {KEYD_RSA_PKCS1_SHA512, BR_AUTH_RSA, br_sha512_ID},
};

enum { SCHEMES = sizeof schemes / sizeof *schemes };

/* auth_types has a bit for each hash with RSA, and eight further up with ECDSA. */
static bool is_wanted(size_t i, uint32_t auth_types) {
  unsigned int const shift = schemes[i].auth == BR_AUTH_ECDSA ? 8 : 0;
  return auth_types >> (schemes[i].hash + shift) & 1;
}

static bool fits(size_t i, keyd_type_t type) {
  return (schemes[i].auth == BR_AUTH_RSA) == (type == KEYD_RSA);
}

static bool ask(tls_identity_t *identity, uint32_t auth_types) {
  uint16_t wanted[SCHEMES];
  size_t count = 0;
  for (size_t i = 0; i < SCHEMES; i++)
    if (is_wanted(i, auth_types)) wanted[count++] = (uint16_t)schemes[i].scheme;
  return count && keyd_choose(identity->keyd, NULL, wanted, count, 0, &identity->identity) == 0;
}

static void present(tls_identity_t *identity, size_t i, br_ssl_client_certificate *choice) {
  keyd_identity_t const *const from = &identity->identity;
  for (size_t j = 0; j < from->count; j++)
    identity->chain[j] =
        (br_x509_certificate){(unsigned char *)from->chain[j].der, from->chain[j].len};
  identity->scheme = schemes[i].scheme;
  choice->auth_type = schemes[i].auth;
  choice->hash_id = schemes[i].hash;
  choice->chain = identity->chain;
  choice->chain_len = from->count;
}

/* A server that asks and gets none may go on all the same. */
static void choose(class_t *self, br_ssl_client_context const *ssl, uint32_t auth_types,
                   br_ssl_client_certificate *choice) {
  tls_identity_t *const identity = (tls_identity_t *)(void *)self;
  (void)ssl;
  memset(choice, 0, sizeof *choice);
  if (!ask(identity, auth_types)) return;
  for (size_t i = 0; i < SCHEMES; i++)
    if (is_wanted(i, auth_types) && fits(i, identity->identity.type))
      return present(identity, i, choice);
}

static size_t sign(class_t *self, int hash_id, size_t hash_len, unsigned char *data, size_t size) {
  tls_identity_t *const identity = (tls_identity_t *)(void *)self;
  unsigned char signature[KEYD_SIGNATURE_MAX];
  size_t len;
  (void)hash_id;
  if (keyd_sign(identity->keyd, identity->identity.id, identity->scheme, data, hash_len, signature,
                &len) < 0 ||
      len > size)
    return 0;
  memcpy(data, signature, len);
  return len;
}

static br_ssl_client_certificate_class const class = {
    .context_size = sizeof(tls_identity_t),
    .start_name_list = ignore,
    .start_name = ignore_len,
    .append_name = ignore_bytes,
    .end_name = ignore,
    .end_name_list = ignore,
    .choose = choose,
    .do_sign = sign,
};

void tls_identity_init(tls_identity_t *identity, keyd_t *keyd) {
  identity->vtable = &class;
  identity->keyd = keyd;
}
