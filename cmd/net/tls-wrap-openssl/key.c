/* Private keys that are elsewhere: a provider of OpenSSL's whose keys have a public half here, and
 * whose signatures are made by tls-keyd.
 *
 * A provider, and not RSA_METHOD and EC_KEY_METHOD, since those are handed what is already padded:
 * tls-keyd signs hashes, and pads them itself. */
#include <errno.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "openssl.h"
#include "provider.h"

#define PARAM_ID "chainmail-id" /* names the key to tls-keyd */

typedef struct remote_key {
  engine_t *engine;
  char const *type;
  EVP_PKEY *public;
  bool is_private; /* id is known */
  unsigned char id[KEYD_ID_SIZE];
} remote_key_t;

/* ---- keys ---- */

static void *key_new(void *provider, char const *type) {
  remote_key_t *key = OPENSSL_zalloc(sizeof *key);
  if (!key) return NULL;
  key->engine = provider;
  key->type = type;
  return key;
}

static void *key_new_rsa(void *provider) {
  return key_new(provider, "RSA");
}
static void *key_new_ec(void *provider) {
  return key_new(provider, "EC");
}

static void key_free(void *data) {
  remote_key_t *key = data;
  if (!key) return;
  EVP_PKEY_free(key->public);
  OPENSSL_free(key);
}

static int key_has(void const *data, int selection) {
  remote_key_t const *key = data;
  return key && key->public && (key->is_private || !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY));
}

/* Of the public halves, which the private ones go with. */
static int key_match(void const *a, void const *b, int selection) {
  remote_key_t const *left = a, *right = b;
  (void)selection;
  return left->public && right->public && EVP_PKEY_eq(left->public, right->public) == 1;
}

static int import_public(remote_key_t *key, OSSL_PARAM const params[]) {
  EVP_PKEY_CTX *context =
      EVP_PKEY_CTX_new_from_name(key->engine->library, key->type, "provider=default");
  int done =
      context && EVP_PKEY_fromdata_init(context) > 0 &&
      EVP_PKEY_fromdata(context, &key->public, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) > 0;
  EVP_PKEY_CTX_free(context);
  return done;
}

static int key_import(void *data, int selection, OSSL_PARAM const params[]) {
  remote_key_t *key = data;
  OSSL_PARAM const *id = OSSL_PARAM_locate_const(params, PARAM_ID);
  (void)selection;
  if (id) {
    void const *bytes;
    size_t len;
    if (!OSSL_PARAM_get_octet_string_ptr(id, &bytes, &len) || len != sizeof key->id) return 0;
    memcpy(key->id, bytes, len);
    key->is_private = true;
  }
  return import_public(key, params);
}

static OSSL_PARAM const *key_import_types(int selection) {
  static OSSL_PARAM const types[] = {
      OSSL_PARAM_octet_string(PARAM_ID, 0, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, 0, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, 0, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, 0, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, 0, 0),
      OSSL_PARAM_END,
  };
  (void)selection;
  return types;
}

static int key_get_params(void *data, OSSL_PARAM params[]) {
  remote_key_t const *key = data;
  return EVP_PKEY_get_params(key->public, params);
}

static OSSL_PARAM const *key_gettable_params(void *provider) {
  static OSSL_PARAM const gettable[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, 0),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, 0),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, 0, 0),
      OSSL_PARAM_END,
  };
  (void)provider;
  return gettable;
}

static char const *operation_rsa(int operation) {
  return operation == OSSL_OP_SIGNATURE ? "RSA" : NULL;
}
static char const *operation_ec(int operation) {
  return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* ---- signatures ---- */

typedef struct signing {
  remote_key_t *key;
  EVP_MD *hash;
  bool pss;
} signing_t;

static struct {
  int hash_len;
  keyd_scheme_t ecdsa, pkcs1, pss;
} const schemes[] = {
    {32, KEYD_ECDSA_SHA256, KEYD_RSA_PKCS1_SHA256, KEYD_RSA_PSS_SHA256},
    {48, KEYD_ECDSA_SHA384, KEYD_RSA_PKCS1_SHA384, KEYD_RSA_PSS_SHA384},
    {64, KEYD_ECDSA_SHA512, KEYD_RSA_PKCS1_SHA512, KEYD_RSA_PSS_SHA512},
};

/* 0 if there is none. */
static keyd_scheme_t find_scheme(signing_t const *signing) {
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    if (schemes[i].hash_len != EVP_MD_get_size(signing->hash)) continue;
    if (!strcmp(signing->key->type, "EC")) return schemes[i].ecdsa;
    return signing->pss ? schemes[i].pss : schemes[i].pkcs1;
  }
  return 0;
}

static void *signing_new(void *provider, char const *properties) {
  (void)provider;
  (void)properties;
  return OPENSSL_zalloc(sizeof(signing_t));
}

static void signing_free(void *data) {
  signing_t *signing = data;
  if (!signing) return;
  EVP_MD_free(signing->hash);
  OPENSSL_free(signing);
}

/* The padding comes as its number or its name. */
static int set_padding(signing_t *signing, OSSL_PARAM const *param) {
  char const *name;
  int number;
  if (OSSL_PARAM_get_utf8_string_ptr(param, &name))
    signing->pss = !strcmp(name, OSSL_PKEY_RSA_PAD_MODE_PSS);
  else if (OSSL_PARAM_get_int(param, &number))
    signing->pss = number == RSA_PKCS1_PSS_PADDING;
  else
    return 0;
  return 1;
}

/* Of PSS's parameters there is nothing to choose: tls-keyd signs as TLS does, with a salt as long
   as the hash. */
static int signing_set_params(void *data, OSSL_PARAM const params[]) {
  OSSL_PARAM const *padding =
      params ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE) : NULL;
  return !padding || set_padding(data, padding);
}

static OSSL_PARAM const *signing_settable_params(void *data, void *provider) {
  static OSSL_PARAM const settable[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, 0, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, 0, 0),
      OSSL_PARAM_END,
  };
  (void)data;
  (void)provider;
  return settable;
}

static int signing_init(void *data, char const *hash, void *key, OSSL_PARAM const params[]) {
  signing_t *signing = data;
  EVP_MD_free(signing->hash);
  signing->hash = hash ? EVP_MD_fetch(((remote_key_t *)key)->engine->library, hash, NULL) : NULL;
  signing->key = key;
  return signing->hash && signing->key->is_private && find_scheme(signing) &&
         signing_set_params(signing, params);
}

static int signing_sign(void *data, unsigned char *signature, size_t *len, size_t size,
                        unsigned char const *bytes, size_t bytes_len) {
  signing_t const *signing = data;
  remote_key_t const *key = signing->key;
  unsigned char hash[EVP_MAX_MD_SIZE], made[KEYD_SIGNATURE_MAX];
  unsigned int hash_len;
  if (!signature) return *len = (size_t)EVP_PKEY_get_size(key->public), 1;
  if (!EVP_Digest(bytes, bytes_len, hash, &hash_len, signing->hash, NULL)) return 0;
  if (keyd_sign(key->engine->keyd, key->id, find_scheme(signing), hash, hash_len, made, len) < 0) {
    key->engine->keyd_error = errno;
    return 0;
  }
  if (*len > size) return 0;
  memcpy(signature, made, *len);
  return 1;
}

/* ---- what OpenSSL is handed ---- */

#define KEY_FUNCTIONS(kind)                                                                        \
  {                                                                                                \
    FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new_##kind), FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free),   \
        FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has), FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match),    \
        FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                                            \
        FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),                                \
        FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),                                    \
        FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable_params),                          \
        FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_##kind), {                      \
      0, NULL                                                                                      \
    }                                                                                              \
  }

static OSSL_DISPATCH const rsa_functions[] = KEY_FUNCTIONS(rsa);
static OSSL_DISPATCH const ec_functions[] = KEY_FUNCTIONS(ec);
static OSSL_DISPATCH const signing_functions[] = {
    FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
    FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_init),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_sign),
    FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signing_set_params),
    FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signing_settable_params),
    {0, NULL},
};

OSSL_ALGORITHM const key_algorithms[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", OWN_PROPERTIES, rsa_functions, NULL},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", OWN_PROPERTIES, ec_functions, NULL},
    {NULL, NULL, NULL, NULL},
};
OSSL_ALGORITHM const signature_algorithms[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", OWN_PROPERTIES, signing_functions, NULL},
    {"ECDSA", OWN_PROPERTIES, signing_functions, NULL},
    {NULL, NULL, NULL, NULL},
};

EVP_PKEY *key_make(engine_t const *engine, EVP_PKEY *public) {
  unsigned char id[KEYD_ID_SIZE];
  memcpy(id, engine->identity.id, sizeof id);
  OSSL_PARAM own[] = {OSSL_PARAM_construct_octet_string(PARAM_ID, id, sizeof id), OSSL_PARAM_END};
  OSSL_PARAM *known = NULL, *all = NULL;
  EVP_PKEY *key = NULL;
  char const *type = EVP_PKEY_is_a(public, "EC") ? "EC" : "RSA";
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(engine->library, type, OWN_PROPERTIES);
  if (context && EVP_PKEY_todata(public, EVP_PKEY_PUBLIC_KEY, &known) > 0 &&
      (all = OSSL_PARAM_merge(known, own)) && EVP_PKEY_fromdata_init(context) > 0)
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, all);
  OPENSSL_free(all); /* its entries are known's and own's */
  OSSL_PARAM_free(known);
  EVP_PKEY_CTX_free(context);
  return key;
}
