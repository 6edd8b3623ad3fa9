/* Cipher suites, groups and signature schemes: ECDHE with AEAD alone, in our order. */
#include <string.h>

#include "openssl.h"

typedef enum suite_kind { SUITE_ECDSA, SUITE_RSA, SUITE_1_3 } suite_kind_t;

static struct {
  char const *standard, *openssl;
  unsigned int id;
  suite_kind_t kind;
} const suites[] = {
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", 0x1301, SUITE_1_3},
    {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", 0x1302, SUITE_1_3},
    {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", 0x1303, SUITE_1_3},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b,
     SUITE_ECDSA},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", 0xc02f, SUITE_RSA},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c,
     SUITE_ECDSA},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", 0xc030, SUITE_RSA},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9,
     SUITE_ECDSA},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", 0xcca8,
     SUITE_RSA},
};
#define SUITES (sizeof suites / sizeof *suites)

static char const groups[] = "x25519:secp256r1:secp384r1";

/* Both sides'. */
static char const schemes[] =
    "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
    "rsa_pss_rsae_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512";

/* ---- lists of suites ---- */

/* SUITES if there is no such suite. */
static size_t find_suite(char const *name, size_t len) {
  size_t i = 0;
  while (i < SUITES && (strlen(suites[i].standard) != len || memcmp(suites[i].standard, name, len)))
    i++;
  return i;
}

/* Takes the next name of a list: false at its end. */
static bool next_suite(char const **list, size_t *suite) {
  *list += strspn(*list, ", ");
  size_t const len = strcspn(*list, ", ");
  *suite = find_suite(*list, len);
  *list += len;
  return len != 0;
}

/* Whether a list, or where there is none ours, has it. */
static bool is_listed(char const *list, size_t suite) {
  size_t listed;
  if (!list) return true;
  while (next_suite(&list, &listed))
    if (listed == suite) return true;
  return false;
}

/* So that OpenSSL's list of them has room, there are no more than all of ours. */
static bool is_known(char const *list) {
  size_t suite, count = 0;
  while (list && next_suite(&list, &suite))
    if (suite == SUITES || ++count > SUITES) return false;
  return true;
}

/* A list as OpenSSL has it. */
typedef struct names {
  char text[SUITES * 32];
} names_t;

static void append(names_t *names, size_t suite) {
  if (*names->text) strcat(names->text, ":");
  strcat(names->text, suites[suite].openssl);
}

/* What the settings come to. */
typedef struct choice {
  names_t modern, classic; /* suites of TLS 1.3, of 1.2 */
  unsigned int min, max;   /* versions */
} choice_t;

static void choose_suite(choice_t *choice, size_t suite) {
  append(suites[suite].kind == SUITE_1_3 ? &choice->modern : &choice->classic, suite);
}

/* A version without a suite is none. */
static void choose_versions(choice_t *choice, engine_settings_t const *settings) {
  choice->min = settings->min_version ? settings->min_version : engine_min_version;
  choice->max = settings->max_version ? settings->max_version : engine_max_version;
  if (!*choice->modern.text && choice->max > TLS1_2_VERSION) choice->max = TLS1_2_VERSION;
  if (!*choice->classic.text && choice->min < TLS1_3_VERSION) choice->min = TLS1_3_VERSION;
}

/* NULL, or what is wrong with the settings. */
static char const *choose(choice_t *choice, engine_settings_t const *settings) {
  char const *list = settings->suites;
  size_t suite;
  *choice = (choice_t){0};
  if (!is_known(list)) return "unknown cipher suite, or too many of them";
  if (!list)
    for (suite = 0; suite < SUITES; suite++) choose_suite(choice, suite);
  else
    while (next_suite(&list, &suite)) choose_suite(choice, suite);
  choose_versions(choice, settings);
  return choice->min <= choice->max ? NULL : "no cipher suite of these versions";
}

char const *suites_check(engine_settings_t const *settings) {
  choice_t choice;
  return choose(&choice, settings);
}

/* ---- what a context is told ---- */

char const *suites_set(SSL_CTX *context, engine_settings_t const *settings) {
  choice_t choice;
  char const *wrong = choose(&choice, settings);
  if (wrong) return wrong;
  int const done =
      SSL_CTX_set_min_proto_version(context, (int)choice.min) &&
      SSL_CTX_set_max_proto_version(context, (int)choice.max) &&
      SSL_CTX_set_ciphersuites(context, choice.modern.text) &&
      (!*choice.classic.text || SSL_CTX_set_cipher_list(context, choice.classic.text)) &&
      SSL_CTX_set1_groups_list(context, groups) && SSL_CTX_set1_sigalgs_list(context, schemes);
  return done ? NULL : "OpenSSL does not take our cipher suites";
}

/* ---- what a client offers ---- */

static void scan_suite(engine_t *engine, unsigned int id) {
  for (size_t i = 0; i < SUITES; i++) {
    if (suites[i].id != id || !is_listed(engine->settings->suites, i)) continue;
    if (suites[i].kind == SUITE_ECDSA) engine->ecdsa = true;
    if (suites[i].kind == SUITE_RSA) engine->rsa = true;
  }
}

void suites_scan(engine_t *engine, unsigned char const *offered, size_t len) {
  engine->ecdsa = engine->rsa = false;
  for (size_t i = 0; i + 1 < len; i += 2)
    scan_suite(engine, (unsigned int)offered[i] << 8 | offered[i + 1]);
}
