#include <string.h>

#include "engine_parts.h"

#define SUITES_MAX 6

typedef struct suite {
  char const *name;
  uint16_t number;
} suite_t;

/* In our order where AES is done by the machine. */
static suite_t const suites[SUITES_MAX] = {
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
     BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
};

#define CHACHA_FIRST 4 /* where the suites without AES begin */

static suite_t const *find_suite(char const *name, size_t len) {
  for (size_t i = 0; i < SUITES_MAX; i++)
    if (strlen(suites[i].name) == len && !memcmp(suites[i].name, name, len)) return &suites[i];
  return NULL;
}

char const *suite_name(uint16_t number) {
  for (size_t i = 0; i < SUITES_MAX; i++)
    if (suites[i].number == number) return suites[i].name;
  return "";
}

/* Parses a list into numbers. Their count, or 0 if it has a word that is no suite of ours, or too
   many. */
static size_t parse_suites(char const *list, uint16_t numbers[SUITES_MAX]) {
  size_t count = 0;
  for (size_t len;; list += len + 1) {
    len = strcspn(list, ",");
    suite_t const *const suite = find_suite(list, len);
    if (!suite || count == SUITES_MAX) return 0;
    numbers[count++] = suite->number;
    if (!list[len]) return count;
  }
}

void suites_set(engine_t *engine) {
  uint16_t numbers[SUITES_MAX];
  size_t const first = br_aes_x86ni_ctr_get_vtable() ? 0 : CHACHA_FIRST;
  size_t count = SUITES_MAX;
  for (size_t i = 0; i < count; i++) numbers[i] = suites[(first + i) % SUITES_MAX].number;
  if (engine->settings->suites) count = parse_suites(engine->settings->suites, numbers);
  br_ssl_engine_set_suites(&engine->server.eng, numbers, count);
}

char const *engine_check(engine_settings_t const *settings) {
  uint16_t numbers[SUITES_MAX];
  if (settings->min_version > PROTOCOL ||
      (settings->max_version && settings->max_version < PROTOCOL))
    return "this engine speaks TLS 1.2 alone";
  if (settings->suites && !parse_suites(settings->suites, numbers))
    return "unknown cipher suite, or too many of them";
  return NULL;
}
