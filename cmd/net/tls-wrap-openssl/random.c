/* Random bytes: the kernel's, without a generator of our own in between, which would have to be
   made and seeded for a handful of bytes. */
#include <errno.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "provider.h"

#define REQUEST_MAX 256 /* bytes that getrandom gives whole */

static int state = EVP_RAND_STATE_READY; /* it has none, but something must be its context */

static void *random_new(void *provider, void *parent, OSSL_DISPATCH const *functions) {
  (void)provider;
  (void)parent;
  (void)functions;
  return &state;
}

static void random_free(void *data) {
  (void)data;
}

static int random_instantiate(void *data, unsigned int strength, int resistance,
                              unsigned char const *personal, size_t len, OSSL_PARAM const *params) {
  (void)data;
  (void)strength;
  (void)resistance;
  (void)personal;
  (void)len;
  (void)params;
  return 1;
}

static int random_uninstantiate(void *data) {
  (void)data;
  return 1;
}

static int random_generate(void *data, unsigned char *bytes, size_t len, unsigned int strength,
                           int resistance, unsigned char const *more, size_t more_len) {
  (void)data;
  (void)strength;
  (void)resistance;
  (void)more;
  (void)more_len;
  ssize_t got;
  do got = getrandom(bytes, len, 0);
  while (got < 0 && errno == EINTR);
  return got >= 0 && (size_t)got == len;
}

static int random_enable_locking(void *data) {
  (void)data;
  return 1;
}

static OSSL_PARAM const *random_gettable(void *data, void *provider) {
  static OSSL_PARAM const gettable[] = {
      OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, 0),
      OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, 0),
      OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, 0),
      OSSL_PARAM_END,
  };
  (void)data;
  (void)provider;
  return gettable;
}

static int random_get_params(void *data, OSSL_PARAM params[]) {
  (void)data;
  OSSL_PARAM *const condition = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
  OSSL_PARAM *const strength = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
  OSSL_PARAM *const most = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
  return (!condition || OSSL_PARAM_set_int(condition, state)) &&
         (!strength || OSSL_PARAM_set_uint(strength, 256)) &&
         (!most || OSSL_PARAM_set_size_t(most, REQUEST_MAX));
}

static OSSL_DISPATCH const functions[] = {
    FUNCTION(OSSL_FUNC_RAND_NEWCTX, random_new),
    FUNCTION(OSSL_FUNC_RAND_FREECTX, random_free),
    FUNCTION(OSSL_FUNC_RAND_INSTANTIATE, random_instantiate),
    FUNCTION(OSSL_FUNC_RAND_UNINSTANTIATE, random_uninstantiate),
    FUNCTION(OSSL_FUNC_RAND_GENERATE, random_generate),
    FUNCTION(OSSL_FUNC_RAND_ENABLE_LOCKING, random_enable_locking),
    FUNCTION(OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, random_gettable),
    FUNCTION(OSSL_FUNC_RAND_GET_CTX_PARAMS, random_get_params),
    {0, NULL},
};

/* Under the names that OpenSSL asks for when it is told nothing else. */
OSSL_ALGORITHM const random_algorithms[] = {
    {"CTR-DRBG", OWN_PROPERTIES, functions, NULL},
    {"SEED-SRC", OWN_PROPERTIES, functions, NULL},
    {NULL, NULL, NULL, NULL},
};
