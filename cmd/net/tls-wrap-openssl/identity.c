/* The certificate for a client: by its name for us, and by what it can verify. */
#include <errno.h>

#include "openssl.h"

/* In our order. */
static struct {
  uint16_t scheme;
  bool ecdsa, classic; /* of TLS 1.2 alone */
} const schemes[] = {
    {KEYD_ECDSA_SHA256, true, false},     {KEYD_ECDSA_SHA384, true, false},
    {KEYD_RSA_PSS_SHA256, false, false},  {KEYD_RSA_PSS_SHA384, false, false},
    {KEYD_RSA_PSS_SHA512, false, false},  {KEYD_RSA_PKCS1_SHA256, false, true},
    {KEYD_RSA_PKCS1_SHA384, false, true}, {KEYD_RSA_PKCS1_SHA512, false, true},
};
#define SCHEMES (sizeof schemes / sizeof *schemes)

/* ---- what the client can verify ---- */

static bool client_has(SSL *ssl, uint16_t scheme) {
  unsigned char signature, hash;
  int const count = SSL_get_sigalgs(ssl, 0, NULL, NULL, NULL, NULL, NULL);
  for (int i = 0; i < count; i++) {
    SSL_get_sigalgs(ssl, i, NULL, NULL, NULL, &signature, &hash);
    if ((hash << 8 | signature) == scheme) return true;
  }
  return false;
}

static bool client_has_group(SSL *ssl, int group) {
  int groups[64];
  int const count = (int)SSL_get1_groups(ssl, 0);
  if (count <= 0 || count > (int)(sizeof groups / sizeof *groups)) return false;
  SSL_get1_groups(ssl, groups);
  for (int i = 0; i < count; i++)
    if (groups[i] == group) return true;
  return false;
}

static bool is_usable(engine_t const *engine, size_t i) {
  bool const modern = SSL_version(engine->ssl) >= TLS1_3_VERSION;
  if (modern ? schemes[i].classic : !(schemes[i].ecdsa ? engine->ecdsa : engine->rsa)) return false;
  return client_has(engine->ssl, schemes[i].scheme);
}

/* A curve goes with one scheme in TLS 1.3; in 1.2 with any, but the client must know it. */
static bool fits(engine_t const *engine, keyd_type_t type) {
  if (type == KEYD_RSA) return true;
  bool const p256 = type == KEYD_EC_P256;
  if (SSL_version(engine->ssl) >= TLS1_3_VERSION)
    return client_has(engine->ssl, p256 ? KEYD_ECDSA_SHA256 : KEYD_ECDSA_SHA384);
  return client_has_group(engine->ssl, p256 ? NID_X9_62_prime256v1 : NID_secp384r1);
}

/* ---- which it is ---- */

static int ask(engine_t *engine, bool ecdsa) {
  uint16_t usable[SCHEMES];
  size_t count = 0;
  for (size_t i = 0; i < SCHEMES; i++)
    if ((ecdsa || !schemes[i].ecdsa) && is_usable(engine, i)) usable[count++] = schemes[i].scheme;
  if (!count) return errno = ENOENT, -1;
  return keyd_choose(engine->keyd, engine->name, usable, count, engine->settings->strict_name,
                     &engine->identity);
}

/* An elliptic curve that does not fit leaves RSA. */
static int choose(engine_t *engine) {
  if (ask(engine, true) < 0) return -1;
  return fits(engine, engine->identity.type) ? 0 : ask(engine, false);
}

/* On failure d2i_X509 frees what it was to fill. */
static X509 *parse(engine_t const *engine, keyd_certificate_t const *certificate) {
  unsigned char const *der = certificate->der;
  X509 *parsed = X509_new_ex(engine->library, NULL);
  return parsed ? d2i_X509(&parsed, &der, (long)certificate->len) : NULL;
}

static int add_issuer(engine_t const *engine, keyd_certificate_t const *certificate) {
  X509 *issuer = parse(engine, certificate);
  if (!issuer) return -1;
  if (SSL_add0_chain_cert(engine->ssl, issuer)) return 0;
  X509_free(issuer);
  return -1;
}

static int use_leaf(engine_t *engine) {
  X509 *leaf = parse(engine, &engine->identity.chain[0]);
  EVP_PKEY *public = leaf ? X509_get0_pubkey(leaf) : NULL;
  EVP_PKEY *key = public ? key_make(engine, public) : NULL;
  int const done = key && SSL_use_certificate(engine->ssl, leaf) == 1 &&
                   SSL_use_PrivateKey(engine->ssl, key) == 1;
  EVP_PKEY_free(key);
  X509_free(leaf);
  return done ? 0 : -1;
}

static int use(engine_t *engine) {
  if (use_leaf(engine) < 0) return -1;
  for (size_t i = 1; i < engine->identity.count; i++)
    if (add_issuer(engine, &engine->identity.chain[i]) < 0) return -1;
  return 0;
}

static int refuse(engine_t *engine, char const *reason, int alert) {
  engine->reason = reason;
  return alert;
}

int identity_choose(engine_t *engine) {
  bool const strict = engine->settings->strict_name;
  if (strict && !engine->name_valid)
    return refuse(engine, "not a host name", SSL_AD_UNRECOGNIZED_NAME);
  if (choose(engine) < 0) {
    if (errno != ENOENT) {
      engine->keyd_error = errno;
      return refuse(engine, NULL, SSL_AD_INTERNAL_ERROR);
    }
    return strict && *engine->name
               ? refuse(engine, "no certificate for this name", SSL_AD_UNRECOGNIZED_NAME)
               : refuse(engine, "no certificate that the client can verify",
                        SSL_AD_HANDSHAKE_FAILURE);
  }
  if (use(engine) < 0)
    return refuse(engine, "a certificate that OpenSSL does not take", SSL_AD_INTERNAL_ERROR);
  keyd_certificate_t const *leaf = &engine->identity.chain[0];
  engine->end_point_len = cert_end_point(leaf->der, leaf->len, engine->end_point);
  return 0;
}
