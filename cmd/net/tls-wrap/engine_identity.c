#include <errno.h>
#include <string.h>

#include "engine_parts.h"

/* The hash functions in our order, by BearSSL's numbers and TLS's schemes. */
static struct {
  unsigned int hash;
  keyd_scheme_t ecdsa, rsa;
} const signatures[] = {
    {br_sha256_ID, KEYD_ECDSA_SHA256, KEYD_RSA_PKCS1_SHA256},
    {br_sha384_ID, KEYD_ECDSA_SHA384, KEYD_RSA_PKCS1_SHA384},
    {br_sha512_ID, KEYD_ECDSA_SHA512, KEYD_RSA_PKCS1_SHA512},
};

#define SIGNATURES (sizeof signatures / sizeof *signatures)

/* What a client can take: bits of BearSSL's. */
typedef struct ability {
  uint32_t rsa, ecdsa, curves; /* hash functions, hash functions, curves */
} ability_t;

static engine_t *engine_of(br_ssl_server_policy_class const **class) {
  return (engine_t *)(void *)((char *)class - offsetof(engine_t, policy));
}

static bool is_ecdsa(br_suite_translated const suite) {
  return suite[1] >> 12 == BR_SSLKEYX_ECDHE_ECDSA;
}

static ability_t ability_of(br_ssl_server_context const *server) {
  uint32_t const hashes = br_ssl_server_get_client_hashes(server);
  size_t count;
  br_suite_translated const *const offered = br_ssl_server_get_client_suites(server, &count);
  ability_t ability = {.curves = br_ssl_server_get_client_curves(server)};
  for (size_t i = 0; i < count; i++)
    if (is_ecdsa(offered[i]))
      ability.ecdsa = hashes >> 8 & 0xff;
    else
      ability.rsa = hashes & 0xff;
  return ability;
}

static size_t list_schemes(uint16_t *schemes, ability_t const *ability) {
  size_t count = 0;
  for (size_t i = 0; i < SIGNATURES; i++)
    if (ability->ecdsa >> signatures[i].hash & 1) schemes[count++] = (uint16_t)signatures[i].ecdsa;
  for (size_t i = 0; i < SIGNATURES; i++)
    if (ability->rsa >> signatures[i].hash & 1) schemes[count++] = (uint16_t)signatures[i].rsa;
  return count;
}

/* The curve of a certificate's key, as a bit; all of them for RSA. */
static uint32_t curve_of(keyd_identity_t const *identity) {
  switch (identity->type) {
  case KEYD_EC_P256: return (uint32_t)1 << BR_EC_secp256r1;
  case KEYD_EC_P384: return (uint32_t)1 << BR_EC_secp384r1;
  default: return ~(uint32_t)0;
  }
}

/* A client that has not got the key's curve (RFC 4492, section 5.1) is taken for one without ECDSA.
   0, or -1 with errno. */
static int choose_identity(engine_t *engine, ability_t *ability) {
  uint16_t schemes[2 * SIGNATURES];
  keyd_identity_t *const identity = &engine->identity;
  for (;;) {
    size_t const count = list_schemes(schemes, ability);
    if (!count) return errno = ENOENT, -1;
    if (keyd_choose(engine->keyd, engine->session.name, schemes, count,
                    engine->settings->strict_name, identity) < 0)
      return -1;
    if (curve_of(identity) & ability->curves) return 0;
    ability->ecdsa = 0;
  }
}

static int refuse_choice(engine_t *engine, int error) {
  if (error != ENOENT) return engine_refuse(engine, keyd_error_text(engine->keyd, error), 80);
  if (engine->settings->strict_name)
    return engine_refuse(engine, "no certificate for that name", 112);
  return engine_refuse(engine, "no certificate that the client can use", 40);
}

static void take_identity(engine_t *engine, br_ssl_server_choices *choices) {
  keyd_identity_t const *const identity = &engine->identity;
  tls_kept_t *const session = &engine->session;
  for (size_t i = 0; i < identity->count; i++)
    engine->chain[i] = (br_x509_certificate){.data = (unsigned char *)identity->chain[i].der,
                                             .data_len = identity->chain[i].len};
  session->end_point_len = (unsigned char)cert_end_point(
      identity->chain[0].der, identity->chain[0].len, session->end_point);
  choices->chain = engine->chain;
  choices->chain_len = identity->count;
}

/* The first suite that fits the key; there is one, or its schemes would not have been listed. */
static int take_suite(br_ssl_server_context const *server, bool ecdsa,
                      br_ssl_server_choices *choices) {
  size_t count;
  br_suite_translated const *const offered = br_ssl_server_get_client_suites(server, &count);
  for (size_t i = 0; i < count; i++)
    if (is_ecdsa(offered[i]) == ecdsa) {
      choices->cipher_suite = offered[i][0];
      return 1;
    }
  return 0;
}

static void take_scheme(engine_t *engine, ability_t const *ability, bool ecdsa,
                        br_ssl_server_choices *choices) {
  uint32_t const hashes = ecdsa ? ability->ecdsa : ability->rsa;
  for (size_t i = SIGNATURES; i-- > 0;)
    if (hashes >> signatures[i].hash & 1) {
      engine->scheme = ecdsa ? signatures[i].ecdsa : signatures[i].rsa;
      choices->algo_id = 0xff00 + signatures[i].hash;
    }
}

static int choose(br_ssl_server_policy_class const **class, br_ssl_server_context const *server,
                  br_ssl_server_choices *choices) {
  engine_t *const engine = engine_of(class);
  ability_t ability = ability_of(server);
  char const *const name = br_ssl_engine_get_server_name(&server->eng);
  engine->resumed = false;
  engine->session.peer_hash[0] = engine->session.peer_subject[0] = 0;
  if (!engine->name_known) engine->name_valid = !*name || tls_name_valid(name, strlen(name));
  if (!engine->name_known && engine->name_valid) strcpy(engine->session.name, name);
  if (!engine->name_valid && engine->settings->strict_name) return refuse_choice(engine, ENOENT);
  if (choose_identity(engine, &ability) < 0) return refuse_choice(engine, errno);
  bool const ecdsa = engine->identity.type != KEYD_RSA;
  take_identity(engine, choices);
  take_scheme(engine, &ability, ecdsa, choices);
  return take_suite(server, ecdsa, choices);
}

static size_t sign(br_ssl_server_policy_class const **class, unsigned int algorithm,
                   unsigned char *data, size_t hash_len, size_t room) {
  engine_t *const engine = engine_of(class);
  unsigned char signature[KEYD_SIGNATURE_MAX];
  size_t len;
  (void)algorithm;
  if (keyd_sign(engine->keyd, engine->identity.id, engine->scheme, data, hash_len, signature,
                &len) < 0) {
    engine_refuse(engine, keyd_error_text(engine->keyd, errno), 80);
    return 0;
  }
  if (len > room) return 0;
  memcpy(data, signature, len);
  return len;
}

static br_ssl_server_policy_class const policy_class = {
    .context_size = sizeof(policy_t), .choose = choose, .do_sign = sign};

void identity_init(engine_t *engine) {
  engine->policy.class = &policy_class;
  br_ssl_server_set_policy(&engine->server, &engine->policy.class);
}
