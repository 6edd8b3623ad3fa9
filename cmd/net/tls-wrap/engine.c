/* The engine with BearSSL: TLS 1.2. */
#include "engine.h"

#include <bearssl.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "tls/client_chain.h"
#include "tls/tls.h"

#define PROTOCOL   0x0303
#define SUITES_MAX 6
#define AHEAD      32768 /* bytes of records that one read may take */
#define LEAF_MAX   16384 /* bytes of a client's certificate */
#define CLIENT_MAX 8     /* certificates of its chain */
#define ALERT_SIZE 7     /* bytes of an alert's record */

char const engine_program[] = "tls-wrap";
unsigned int const engine_min_version = PROTOCOL, engine_max_version = PROTOCOL;

/* What BearSSL calls back, each with the class's pointer first. */
typedef struct policy {
  br_ssl_server_policy_class const *class;
} policy_t;

typedef struct cache {
  br_ssl_session_cache_class const *class;
} cache_t;

typedef struct client {
  br_x509_class const *class;
  br_x509_minimal_context minimal;
  size_t count, len; /* certificates; bytes of the first */
  unsigned char leaf[LEAF_MAX];
} client_t;

struct engine {
  br_ssl_server_context server;
  engine_settings_t const *settings;
  keyd_t *keyd;
  policy_t policy;
  cache_t cache;
  client_t client;
  tls_anchors_t *anchors;
  br_x500_name *names; /* of the anchors */
  br_ec_impl curves;
  char const *reason;              /* ours; NULL: BearSSL's */
  unsigned char alert[ALERT_SIZE]; /* a record of our own, in place of BearSSL's */
  size_t alert_len, alert_sent;
  bool opened;
  bool hello_read, name_known; /* the first record was looked at; and a name, or none, was found */
  bool name_valid, resumed;
  tls_kept_t session; /* as it is kept, or was */
  keyd_identity_t identity;
  keyd_scheme_t scheme;
  br_x509_certificate chain[KEYD_CHAIN_MAX];
  size_t ahead_start, ahead_end;
  unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT], ahead[AHEAD];
};

/* ---- suites ---------------------------------------------------------------------------------- */

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

static char const *suite_name(uint16_t number) {
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

static void set_suites(engine_t *engine) {
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

/* ---- failures ------------------------------------------------------------------------------- */

typedef struct failure {
  int error;
  unsigned char alert; /* 0: none that would be of use, or BearSSL sends it */
  char const *reason;
} failure_t;

static failure_t const failures[] = {
    {BR_ERR_UNSUPPORTED_VERSION, 70, "not TLS"},
    {BR_ERR_BAD_VERSION, 70, "a version that was not agreed on"},
    {BR_ERR_BAD_LENGTH, 22, "a record of bad length"},
    {BR_ERR_TOO_LARGE, 22, "a record that is too large"},
    {BR_ERR_BAD_MAC, 20, "a record that does not verify"},
    {BR_ERR_UNEXPECTED, 10, "an unexpected message"},
    {BR_ERR_BAD_CCS, 10, "a bad ChangeCipherSpec"},
    {BR_ERR_BAD_ALERT, 10, "a bad alert"},
    {BR_ERR_BAD_HANDSHAKE, 50, "a bad handshake message"},
    {BR_ERR_OVERSIZED_ID, 50, "a session id that is too long"},
    {BR_ERR_BAD_FRAGLEN, 47, "a bad maximum fragment length"},
    {BR_ERR_BAD_SECRENEG, 40, "a bad renegotiation extension"},
    {BR_ERR_BAD_FINISHED, 51, "a bad Finished"},
    {BR_ERR_BAD_SIGNATURE, 51, "the client has not got its certificate's key"},
    {BR_ERR_INVALID_ALGORITHM, 47, "an unknown signature algorithm or curve"},
    {BR_ERR_WRONG_KEY_USAGE, 43, "the client's key is not for signatures"},
    {BR_ERR_NO_CLIENT_AUTH, 40, "no certificate from the client"},
    {BR_ERR_X509_EXPIRED, 45, "the client's certificate is not valid now"},
    {BR_ERR_X509_NOT_TRUSTED, 48, "the client's certificate is by nobody we know"},
    {BR_ERR_X509_WEAK_PUBLIC_KEY, 42, "the client's certificate has a weak key"},
    {BR_ERR_X509_BAD_SIGNATURE, 42, "the client's certificate has a bad signature"},
    {BR_ERR_RECV_FATAL_ALERT, 0, "an alert from the client"},
    {BR_ERR_SEND_FATAL_ALERT + 40, 0, "no cipher suite in common"},
    {BR_ERR_SEND_FATAL_ALERT + 70, 0, "no version in common"},
    {BR_ERR_SEND_FATAL_ALERT + 86, 0, "a fallback to an older version"},
};

/* Of all other errors; what is wrong with a certificate has many names. */
static failure_t const bad_certificate = {0, 42, "a bad certificate from the client"};
static failure_t const other_failure = {0, 80, "a failure inside the engine"};

static failure_t const *find_failure(int error) {
  if (error > BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_SEND_FATAL_ALERT)
    error = BR_ERR_RECV_FATAL_ALERT;
  for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
    if (failures[i].error == error) return &failures[i];
  return error >= BR_ERR_X509_INVALID_VALUE && error <= BR_ERR_X509_NOT_TRUSTED ? &bad_certificate
                                                                                : &other_failure;
}

/* An alert of our own, while records are not encrypted yet. */
static void set_alert(engine_t *engine, unsigned char alert) {
  unsigned char const record[ALERT_SIZE] = {21, PROTOCOL >> 8, PROTOCOL & 0xff, 0, 2, 2, alert};
  memcpy(engine->alert, record, sizeof record);
  engine->alert_len = sizeof record;
}

/* Refuses to go on. Returns what BearSSL takes for that. */
static int refuse(engine_t *engine, char const *reason, unsigned char alert) {
  engine->reason = reason;
  set_alert(engine, alert);
  return 0;
}

/* BearSSL is silent when it fails by itself. In a resumed handshake our records may be encrypted by
   then, and what was half sent cannot be put right any more. */
static void note_failure(engine_t *engine, bool sending) {
  int const error = br_ssl_engine_last_error(&engine->server.eng);
  unsigned char const alert = error ? find_failure(error)->alert : 0;
  if (alert && !engine->alert_len && !engine->opened && !engine->resumed && !sending)
    set_alert(engine, alert);
}

/* ---- our certificate, and signatures --------------------------------------------------------- */

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
  if (error != ENOENT) return refuse(engine, strerror(error), 80);
  if (engine->settings->strict_name) return refuse(engine, "no certificate for that name", 112);
  return refuse(engine, "no certificate that the client can use", 40);
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
    refuse(engine, strerror(errno), 80);
    return 0;
  }
  if (len > room) return 0;
  memcpy(data, signature, len);
  return len;
}

static br_ssl_server_policy_class const policy_class = {
    .context_size = sizeof(policy_t), .choose = choose, .do_sign = sign};

/* ---- sessions -------------------------------------------------------------------------------- */

static engine_t *engine_of_cache(br_ssl_session_cache_class const **class) {
  return (engine_t *)(void *)((char *)class - offsetof(engine_t, cache));
}

static void save(br_ssl_session_cache_class const **class, br_ssl_server_context *server,
                 br_ssl_session_parameters const *parameters) {
  engine_t *const engine = engine_of_cache(class);
  tls_kept_t *const session = &engine->session;
  unsigned char bytes[TLS_KEPT_BYTES];
  (void)server;
  session->version = parameters->version;
  session->suite = parameters->cipher_suite;
  memcpy(session->master, parameters->master_secret, sizeof session->master);
  size_t const len = tls_kept_write(session, bytes);
  keyd_session_put(engine->keyd, parameters->session_id, parameters->session_id_len, bytes, len);
  explicit_bzero(bytes, sizeof bytes);
  explicit_bzero(session->master, sizeof session->master);
}

/* Under another name, or other settings, it is another session (RFC 6066, section 3). */
static bool fits(engine_t const *engine, tls_kept_t const *kept) {
  return kept->version == PROTOCOL &&
         !memcmp(kept->settings, engine->session.settings, sizeof kept->settings) &&
         !strcmp(kept->name, engine->session.name);
}

static int fetch(engine_t *engine, br_ssl_session_parameters const *parameters, tls_kept_t *kept) {
  unsigned char bytes[TLS_KEPT_BYTES];
  size_t len = sizeof bytes;
  if (keyd_session_get(engine->keyd, parameters->session_id, parameters->session_id_len, bytes,
                       &len) < 0)
    return -1;
  int const result = tls_kept_read(kept, bytes, len);
  explicit_bzero(bytes, sizeof bytes);
  return result;
}

static int load(br_ssl_session_cache_class const **class, br_ssl_server_context *server,
                br_ssl_session_parameters *parameters) {
  engine_t *const engine = engine_of_cache(class);
  tls_kept_t kept;
  (void)server;
  if (!engine->name_known || !engine->name_valid || fetch(engine, parameters, &kept) < 0) return 0;
  engine->resumed = fits(engine, &kept);
  if (engine->resumed) {
    parameters->version = kept.version;
    parameters->cipher_suite = kept.suite;
    memcpy(parameters->master_secret, kept.master, sizeof kept.master);
    engine->session = kept;
    explicit_bzero(engine->session.master, sizeof engine->session.master);
  }
  explicit_bzero(&kept, sizeof kept);
  return engine->resumed;
}

static br_ssl_session_cache_class const cache_class = {
    .context_size = sizeof(cache_t), .save = save, .load = load};

/* ---- the client's certificate ---------------------------------------------------------------- */

static client_t *client_of(br_x509_class const *const *class) {
  return (client_t *)(void *)((char const *)class - offsetof(client_t, class));
}

static void start_chain(br_x509_class const **class, char const *name) {
  client_t *const client = client_of(class);
  (void)name;
  client->count = client->len = 0;
  client->minimal.vtable->start_chain(&client->minimal.vtable, NULL);
}

static void start_certificate(br_x509_class const **class, uint32_t len) {
  client_t *const client = client_of(class);
  client->count++;
  client->minimal.vtable->start_cert(&client->minimal.vtable, len);
}

static void append(br_x509_class const **class, unsigned char const *bytes, size_t len) {
  client_t *const client = client_of(class);
  if (client->count == 1) {
    size_t const room = LEAF_MAX - client->len;
    memcpy(client->leaf + client->len, bytes, len < room ? len : room);
    client->len += len < room ? len : room;
  }
  client->minimal.vtable->append(&client->minimal.vtable, bytes, len);
}

static void end_certificate(br_x509_class const **class) {
  client_t *const client = client_of(class);
  client->minimal.vtable->end_cert(&client->minimal.vtable);
}

static unsigned int end_chain(br_x509_class const **class) {
  client_t *const client = client_of(class);
  engine_t *const engine = (engine_t *)(void *)((char *)client - offsetof(engine_t, client));
  tls_kept_t *const session = &engine->session;
  unsigned int const error = client->minimal.vtable->end_chain(&client->minimal.vtable);
  if (error) return error;
  if (client->len == LEAF_MAX || client->count > CLIENT_MAX) return BR_ERR_X509_LIMIT_EXCEEDED;
  cert_hash_text(client->leaf, client->len, session->peer_hash);
  if (cert_subject(client->leaf, client->len, session->peer_subject) < 0)
    session->peer_subject[0] = 0;
  return 0;
}

static br_x509_pkey const *get_key(br_x509_class const *const *class, unsigned int *usages) {
  client_t *const client = client_of(class);
  return client->minimal.vtable->get_pkey(&client->minimal.vtable, usages);
}

static br_x509_class const client_class = {
    .context_size = sizeof(client_t),
    .start_chain = start_chain,
    .start_cert = start_certificate,
    .append = append,
    .end_cert = end_certificate,
    .end_chain = end_chain,
    .get_pkey = get_key,
};

/* ---- beginning ------------------------------------------------------------------------------- */

static struct {
  int id;
  br_hash_class const *class;
} const hashes[] = {{br_sha256_ID, &br_sha256_vtable},
                    {br_sha384_ID, &br_sha384_vtable},
                    {br_sha512_ID, &br_sha512_vtable}};

#define HASHES (sizeof hashes / sizeof *hashes)

static void set_algorithms(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  engine->curves = *br_ec_get_default();
  engine->curves.supported_curves &= (uint32_t)1 << BR_EC_curve25519 |
                                     (uint32_t)1 << BR_EC_secp256r1 |
                                     (uint32_t)1 << BR_EC_secp384r1;
  for (size_t i = 0; i < HASHES; i++) br_ssl_engine_set_hash(eng, hashes[i].id, hashes[i].class);
  br_ssl_engine_set_versions(eng, PROTOCOL, PROTOCOL);
  br_ssl_engine_set_prf_sha256(eng, &br_tls12_sha256_prf);
  br_ssl_engine_set_prf_sha384(eng, &br_tls12_sha384_prf);
  br_ssl_engine_set_default_aes_gcm(eng);
  br_ssl_engine_set_default_chapol(eng);
  br_ssl_engine_set_ec(eng, &engine->curves);
  set_suites(engine);
}

static void set_client_verifier(engine_t *engine) {
  br_x509_minimal_context *const minimal = &engine->client.minimal;
  br_rsa_pkcs1_vrfy const rsa = br_rsa_pkcs1_vrfy_get_default();
  br_ecdsa_vrfy const ecdsa = br_ecdsa_vrfy_asn1_get_default();
  br_x509_minimal_init(minimal, &br_sha256_vtable, engine->anchors->all, engine->anchors->count);
  for (size_t i = 0; i < HASHES; i++)
    br_x509_minimal_set_hash(minimal, hashes[i].id, hashes[i].class);
  br_x509_minimal_set_rsa(minimal, rsa);
  br_x509_minimal_set_ecdsa(minimal, &engine->curves, ecdsa);
  br_ssl_engine_set_rsavrfy(&engine->server.eng, rsa);
  br_ssl_engine_set_ecdsa(&engine->server.eng, ecdsa);
  engine->client.class = &client_class;
  br_ssl_engine_set_x509(&engine->server.eng, &engine->client.class);
  br_ssl_server_set_trust_anchor_names_alt(&engine->server, engine->anchors->all,
                                           engine->anchors->count);
}

/* 0, or -1 with errno. */
static int ask_for_certificate(engine_t *engine) {
  engine_settings_t const *const settings = engine->settings;
  if (settings->client_certificate == CLIENT_CERTIFICATE_NONE) return 0;
  engine->anchors = tls_anchors_load(settings->ca_file);
  if (!engine->anchors) return -1;
  set_client_verifier(engine);
  return 0;
}

/* Sessions made under other rules for the client's certificate must not get around ours. */
static void digest_settings(engine_t *engine) {
  engine_settings_t const *const settings = engine->settings;
  tls_anchors_t const *const anchors = engine->anchors;
  br_sha256_context sha;
  br_sha256_init(&sha);
  br_sha256_update(&sha, &settings->client_certificate, sizeof settings->client_certificate);
  for (size_t i = 0; anchors && i < anchors->count; i++)
    br_sha256_update(&sha, anchors->all[i].dn.data, anchors->all[i].dn.len);
  br_sha256_out(&sha, engine->session.settings);
}

static uint32_t flags_of(engine_settings_t const *settings) {
  uint32_t const flags = BR_OPT_ENFORCE_SERVER_PREFERENCES | BR_OPT_NO_RENEGOTIATION;
  return settings->client_certificate == CLIENT_CERTIFICATE_WANTED
             ? flags | BR_OPT_TOLERATE_NO_CLIENT_AUTH
             : flags;
}

/* The machine's own generator is asked here, since /dev/urandom, which BearSSL may open besides, is
   not there any more in a chroot or a confined process. */
static int seed(engine_t *engine) {
  unsigned char bytes[48];
  ssize_t const n = getrandom(bytes, sizeof bytes, 0);
  if (n != sizeof bytes) return -1;
  br_ssl_engine_inject_entropy(&engine->server.eng, bytes, sizeof bytes);
  explicit_bzero(bytes, sizeof bytes);
  return 0;
}

static int begin(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  set_algorithms(engine);
  if (ask_for_certificate(engine) < 0) return -1;
  digest_settings(engine);
  engine->policy.class = &policy_class;
  engine->cache.class = &cache_class;
  br_ssl_server_set_policy(&engine->server, &engine->policy.class);
  br_ssl_server_set_cache(&engine->server, &engine->cache.class);
  br_ssl_engine_set_all_flags(eng, flags_of(engine->settings));
  br_ssl_engine_set_buffers_bidi(eng, engine->in, sizeof engine->in, engine->out,
                                 sizeof engine->out);
  if (seed(engine) < 0) return -1;
  return br_ssl_server_reset(&engine->server) ? 0 : (errno = EIO, -1);
}

engine_t *engine_start(engine_settings_t const *settings, keyd_t *keyd, char const **reason) {
  static engine_t engine;
  engine.settings = settings;
  engine.keyd = keyd;
  if (begin(&engine) == 0) return &engine;
  *reason = strerror(errno);
  return NULL;
}

/* ---- records --------------------------------------------------------------------------------- */

/* The name must be known when BearSSL asks for the session, and that is before it has read so far
   itself: a ClientHello is looked at when its record is here as a whole. One that comes in several
   records is not, and no session is resumed with it. true when BearSSL may have the bytes. */
static bool look_at_hello(engine_t *engine) {
  unsigned char const *const record = engine->ahead + engine->ahead_start;
  size_t const have = engine->ahead_end - engine->ahead_start;
  if (engine->hello_read) return true;
  if (have < 5) return false;
  size_t const len = (size_t)record[3] << 8 | record[4];
  if (record[0] == 22 && len <= 16384 && have < 5 + len) return false;
  engine->hello_read = true;
  engine->name_known =
      record[0] == 22 && len <= have - 5 &&
      tls_hello_name(record + 5, len, engine->session.name, &engine->name_valid) == 0;
  return true;
}

/* Gives BearSSL what it has room for. */
static void push(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  size_t room;
  while (engine->ahead_start < engine->ahead_end) {
    unsigned char *const to = br_ssl_engine_recvrec_buf(eng, &room);
    size_t const have = engine->ahead_end - engine->ahead_start;
    if (!to) return;
    if (room > have) room = have;
    memcpy(to, engine->ahead + engine->ahead_start, room);
    engine->ahead_start += room;
    br_ssl_engine_recvrec_ack(eng, room);
  }
  engine->ahead_start = engine->ahead_end = 0;
}

static void feed(engine_t *engine) {
  br_ssl_engine_context *const eng = &engine->server.eng;
  bool const sending = br_ssl_engine_current_state(eng) & BR_SSL_SENDREC;
  if (look_at_hello(engine)) push(engine);
  if (br_ssl_engine_current_state(eng) & (BR_SSL_SENDAPP | BR_SSL_RECVAPP)) engine->opened = true;
  note_failure(engine, sending);
}

unsigned char *engine_receive(engine_t *engine, size_t *len) {
  bool const waits = engine->hello_read && engine->ahead_end > 0;
  bool const more = !waits && !engine->alert_len &&
                    br_ssl_engine_current_state(&engine->server.eng) & BR_SSL_RECVREC;
  *len = more ? AHEAD - engine->ahead_end : 0;
  return *len ? engine->ahead + engine->ahead_end : NULL;
}

void engine_received(engine_t *engine, size_t len) {
  engine->ahead_end += len;
  feed(engine);
}

unsigned char const *engine_send(engine_t *engine, size_t *len) {
  if (!engine->alert_len) return br_ssl_engine_sendrec_buf(&engine->server.eng, len);
  *len = engine->alert_len - engine->alert_sent;
  return *len ? engine->alert + engine->alert_sent : NULL;
}

void engine_sent(engine_t *engine, size_t len) {
  if (engine->alert_len) {
    engine->alert_sent += len;
    return;
  }
  br_ssl_engine_sendrec_ack(&engine->server.eng, len);
  feed(engine);
}

unsigned char *engine_write(engine_t *engine, size_t *len) {
  return br_ssl_engine_sendapp_buf(&engine->server.eng, len);
}

void engine_written(engine_t *engine, size_t len) {
  br_ssl_engine_sendapp_ack(&engine->server.eng, len);
}

unsigned char const *engine_read(engine_t *engine, size_t *len) {
  return br_ssl_engine_recvapp_buf(&engine->server.eng, len);
}

void engine_was_read(engine_t *engine, size_t len) {
  br_ssl_engine_recvapp_ack(&engine->server.eng, len);
  feed(engine);
}

void engine_flush(engine_t *engine) {
  br_ssl_engine_flush(&engine->server.eng, 0);
}

void engine_close(engine_t *engine) {
  br_ssl_engine_close(&engine->server.eng);
}

/* ---- what has come of it --------------------------------------------------------------------- */

engine_state_t engine_state(engine_t const *engine) {
  if (engine->alert_len) return ENGINE_FAILED;
  if (br_ssl_engine_current_state(&engine->server.eng) & BR_SSL_CLOSED)
    return br_ssl_engine_last_error(&engine->server.eng) ? ENGINE_FAILED : ENGINE_CLOSED;
  return engine->opened ? ENGINE_OPEN : ENGINE_HANDSHAKE;
}

char const *engine_reason(engine_t const *engine) {
  return engine->reason ? engine->reason
                        : find_failure(br_ssl_engine_last_error(&engine->server.eng))->reason;
}

engine_side_t engine_alert(engine_t const *engine, unsigned int *alert) {
  int const error = br_ssl_engine_last_error(&engine->server.eng);
  *alert = engine->alert_len ? engine->alert[ALERT_SIZE - 1] : (unsigned int)error & 0xff;
  if (engine->alert_len || error >= BR_ERR_SEND_FATAL_ALERT) return ENGINE_SERVER;
  return error >= BR_ERR_RECV_FATAL_ALERT ? ENGINE_CLIENT : ENGINE_NOBODY;
}

void engine_facts(engine_t const *engine, engine_facts_t *facts) {
  tls_kept_t const *const session = &engine->session;
  br_ssl_session_parameters parameters;
  memset(facts, 0, sizeof *facts);
  strcpy(facts->name, session->name);
  if (!engine->opened) return;
  br_ssl_engine_get_session_parameters(&engine->server.eng, &parameters);
  strcpy(facts->protocol, "TLSv1.2");
  strcpy(facts->cipher, suite_name(parameters.cipher_suite));
  facts->resumed = engine->resumed;
  facts->end_point_len = session->end_point_len;
  memcpy(facts->end_point, session->end_point, session->end_point_len);
  strcpy(facts->peer_hash, session->peer_hash);
  strcpy(facts->peer_subject, session->peer_subject);
  explicit_bzero(&parameters, sizeof parameters);
}

/* Pages that were not used are not touched. */
void engine_end(engine_t *engine) {
  explicit_bzero(&engine->server, sizeof engine->server);
  tls_anchors_free(engine->anchors);
  engine->anchors = NULL;
}
