#include "tls/suites.h"

#include <bearssl.h>

#include "tls/tls.h"

typedef struct suite {
  uint16_t id;
  bool weak;
  char const *name;
} suite_t;

#define GOOD(name)                                                                                 \
  { BR_TLS_##name, false, "TLS_" #name }
#define WEAK(name)                                                                                 \
  { BR_TLS_##name, true, "TLS_" #name }

/* AES before ChaCha20: where there are instructions for it, it is several times as fast, and mail
   servers have them. Among the weak: forward secrecy before none. */
static suite_t const suites[] = {
    GOOD(ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    GOOD(ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    GOOD(ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    GOOD(ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    GOOD(ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    GOOD(ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    WEAK(ECDHE_ECDSA_WITH_AES_128_CBC_SHA256),
    WEAK(ECDHE_RSA_WITH_AES_128_CBC_SHA256),
    WEAK(ECDHE_ECDSA_WITH_AES_256_CBC_SHA384),
    WEAK(ECDHE_RSA_WITH_AES_256_CBC_SHA384),
    WEAK(ECDHE_ECDSA_WITH_AES_128_CBC_SHA),
    WEAK(ECDHE_RSA_WITH_AES_128_CBC_SHA),
    WEAK(ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
    WEAK(ECDHE_RSA_WITH_AES_256_CBC_SHA),
    WEAK(RSA_WITH_AES_128_GCM_SHA256),
    WEAK(RSA_WITH_AES_256_GCM_SHA384),
    WEAK(RSA_WITH_AES_128_CBC_SHA256),
    WEAK(RSA_WITH_AES_256_CBC_SHA256),
    WEAK(RSA_WITH_AES_128_CBC_SHA),
    WEAK(RSA_WITH_AES_256_CBC_SHA),
};

enum { SUITES = sizeof suites / sizeof *suites };

_Static_assert(SUITES <= TLS_SUITES_MAX, "all suites fit");

size_t tls_suites_list(uint16_t ids[TLS_SUITES_MAX], bool weak) {
  size_t count = 0;
  for (size_t i = 0; i < SUITES; i++)
    if (weak || !suites[i].weak) ids[count++] = suites[i].id;
  return count;
}

char const *tls_suite_name(uint16_t suite) {
  for (size_t i = 0; i < SUITES; i++)
    if (suites[i].id == suite) return suites[i].name;
  return "unknown";
}
