/* What of OpenSSL this process has: few algorithms of its default provider, and our own.
 *
 * A library context that is asked for one algorithm makes objects and names of all that its
 * providers have, most of a millisecond for each process of ours. So the default provider is in a
 * context where nothing is asked for, and another one passes on those of its algorithms that TLS as
 * we speak it needs. */
#include "provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/provider.h>
#include <string.h>
#include <strings.h>

#include "openssl.h"

#define PASSED_MAX 24 /* algorithms of one operation */

static OSSL_PROVIDER *everything;

/* By operation, under the first of their names. OpenSSL can do without SHA-1 and MD5 for nothing we
   sign, but not without them. */
static struct {
  int operation;
  char const *names;
  OSSL_ALGORITHM passed[PASSED_MAX + 1];
} operations[] = {
    {OSSL_OP_DIGEST, "SHA1,SHA2-256,SHA2-384,SHA2-512,MD5-SHA1", {{0}}},
    {OSSL_OP_CIPHER, "AES-128-GCM,AES-256-GCM,ChaCha20-Poly1305", {{0}}},
    {OSSL_OP_MAC, "HMAC", {{0}}},
    {OSSL_OP_KDF, "HKDF,TLS1-PRF,TLS13-KDF", {{0}}},
    {OSSL_OP_KEYMGMT, "RSA,RSA-PSS,EC,X25519,HMAC", {{0}}},
    {OSSL_OP_KEYEXCH, "ECDH,X25519", {{0}}},
    {OSSL_OP_SIGNATURE, "RSA,ECDSA,HMAC", {{0}}},
    {OSSL_OP_DECODER, "RSA,EC", {{0}}},
};
#define OPERATIONS (sizeof operations / sizeof *operations)

/* ---- passing on ---- */

/* True if the first of names, which are set apart by colons, is in a list. */
static bool is_listed(char const *list, char const *names) {
  size_t const len = strcspn(names, ":");
  while (*list) {
    size_t const listed = strcspn(list, ",");
    if (listed == len && !strncasecmp(list, names, len)) return true;
    list += listed + (list[listed] != 0);
  }
  return false;
}

/* Keys come in certificates alone. */
static bool is_needed(size_t i, OSSL_ALGORITHM const *algorithm) {
  return is_listed(operations[i].names, algorithm->algorithm_names) &&
         (operations[i].operation != OSSL_OP_DECODER ||
          strstr(algorithm->property_definition, "SubjectPublicKeyInfo"));
}

static void pass(size_t i) {
  int no_cache;
  OSSL_ALGORITHM const *algorithm =
      OSSL_PROVIDER_query_operation(everything, operations[i].operation, &no_cache);
  size_t count = 0;
  for (; algorithm && algorithm->algorithm_names && count < PASSED_MAX; algorithm++)
    if (is_needed(i, algorithm)) operations[i].passed[count++] = *algorithm;
}

static OSSL_ALGORITHM const *pass_on(void *provider, int operation, int *no_cache) {
  (void)provider;
  *no_cache = 0;
  for (size_t i = 0; i < OPERATIONS; i++) {
    if (operations[i].operation != operation) continue;
    if (!operations[i].passed[0].algorithm_names) pass(i);
    return operations[i].passed;
  }
  return NULL;
}

/* ---- groups: a capability, told one by one ---- */

typedef struct listener {
  OSSL_CALLBACK *tell;
  void *data;
} listener_t;

static int tell_group(OSSL_PARAM const params[], void *data) {
  listener_t const *listener = data;
  OSSL_PARAM const *param = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_NAME);
  char const *name;
  bool const needed = param && OSSL_PARAM_get_utf8_string_ptr(param, &name) &&
                      is_listed("x25519,secp256r1,secp384r1", name);
  return !needed || listener->tell(params, listener->data);
}

static int tell_capabilities(void *provider, char const *capability, OSSL_CALLBACK *tell,
                             void *data) {
  listener_t listener = {tell, data};
  (void)provider;
  return OSSL_PROVIDER_get_capabilities(everything, capability, tell_group, &listener);
}

static OSSL_DISPATCH const passing[] = {
    FUNCTION(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, tell_capabilities),
    FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, pass_on),
    {0, NULL},
};

/* The algorithms are the default provider's, and get what is that one's. */
static int begin_passing(OSSL_CORE_HANDLE const *handle, OSSL_DISPATCH const *in,
                         OSSL_DISPATCH const **out, void **provider) {
  (void)handle;
  (void)in;
  *out = passing;
  *provider = OSSL_PROVIDER_get0_provider_ctx(everything);
  return 1;
}

/* ---- our own ---- */

static OSSL_ALGORITHM const *query_own(void *provider, int operation, int *no_cache) {
  (void)provider;
  *no_cache = 0;
  switch (operation) {
  case OSSL_OP_RAND: return random_algorithms;
  case OSSL_OP_KEYMGMT: return key_algorithms;
  case OSSL_OP_SIGNATURE: return signature_algorithms;
  default: return NULL;
  }
}

static OSSL_DISPATCH const own[] = {
    FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_own),
    {0, NULL},
};

/* A provider is asked for by its name alone, so whom it serves is told this way. */
static engine_t *served;

static int begin_own(OSSL_CORE_HANDLE const *handle, OSSL_DISPATCH const *in,
                     OSSL_DISPATCH const **out, void **provider) {
  (void)handle;
  (void)in;
  *out = own;
  *provider = served;
  return 1;
}

static bool load(OSSL_LIB_CTX *library, char const *name, OSSL_provider_init_fn *begin) {
  return OSSL_PROVIDER_add_builtin(library, name, begin) && OSSL_PROVIDER_load(library, name);
}

int provider_load(engine_t *engine) {
  OSSL_LIB_CTX *rest = OSSL_LIB_CTX_new();
  served = engine;
  engine->library = OSSL_LIB_CTX_new();
  everything = rest ? OSSL_PROVIDER_load(rest, "default") : NULL;
  return everything && engine->library && load(engine->library, "passing", begin_passing) &&
                 load(engine->library, "chainmail", begin_own)
             ? 0
             : -1;
}
