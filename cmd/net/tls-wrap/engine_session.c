#include <string.h>

#include "engine_parts.h"

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

static void digest(br_sha256_context *sha, void const *bytes, size_t len) {
  uint64_t const len64 = len;
  br_sha256_update(sha, &len64, sizeof len64);
  br_sha256_update(sha, bytes, len);
}

static void digest_anchor(br_sha256_context *sha, br_x509_trust_anchor const *anchor) {
  br_x509_pkey const *const key = &anchor->pkey;
  digest(sha, anchor->dn.data, anchor->dn.len);
  digest(sha, &anchor->flags, sizeof anchor->flags);
  if (key->key_type == BR_KEYTYPE_RSA) {
    digest(sha, key->key.rsa.n, key->key.rsa.nlen);
    digest(sha, key->key.rsa.e, key->key.rsa.elen);
  } else {
    digest(sha, &key->key.ec.curve, sizeof key->key.ec.curve);
    digest(sha, key->key.ec.q, key->key.ec.qlen);
  }
}

/* Sessions made under other rules for the client's certificate must not get around ours. */
static void digest_settings(engine_t *engine) {
  engine_settings_t const *const settings = engine->settings;
  tls_anchors_t const *const anchors = engine->anchors;
  br_sha256_context sha;
  br_sha256_init(&sha);
  br_sha256_update(&sha, &settings->client_certificate, sizeof settings->client_certificate);
  for (size_t i = 0; anchors && i < anchors->count; i++) digest_anchor(&sha, &anchors->all[i]);
  br_sha256_out(&sha, engine->session.settings);
}

void session_init(engine_t *engine) {
  digest_settings(engine);
  engine->cache.class = &cache_class;
  br_ssl_server_set_cache(&engine->server, &engine->cache.class);
}
