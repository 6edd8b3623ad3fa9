/* Sessions: kept by tls-keyd, so that every process of ours can resume them. In TLS 1.3 too: a
 * ticket is a session's name, and there is no key to tickets. */
#include <bearssl.h>
#include <string.h>

#include "openssl.h"

#define LIFETIME 3600 /* seconds; tls-keyd drops them earlier if it was told to */

/* ---- what sets sessions apart ---- */

static void hash_text(br_sha256_context *hash, char const *text) {
  br_sha256_update(hash, text ? text : "", text ? strlen(text) + 1 : 1);
}

static int hash_certificate(br_sha256_context *hash, X509 const *certificate) {
  unsigned char *der = NULL;
  int const len = i2d_X509(certificate, &der);
  if (len <= 0) return -1;
  br_sha256_update(hash, der, (size_t)len);
  OPENSSL_free(der);
  return 0;
}

/* Whole: two may have one name. */
static int hash_authorities(br_sha256_context *hash, SSL_CTX const *context) {
  STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
    X509 const *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    if (certificate && hash_certificate(hash, certificate) < 0) return -1;
  }
  return 0;
}

int session_separate(engine_t *engine) {
  engine_settings_t const *settings = engine->settings;
  unsigned int const numbers[] = {settings->min_version, settings->max_version,
                                  settings->client_certificate};
  br_sha256_context hash;
  br_sha256_init(&hash);
  hash_text(&hash, "chainmail openssl 1");
  br_sha256_update(&hash, numbers, sizeof numbers);
  hash_text(&hash, settings->suites);
  hash_text(&hash, engine->name);
  if (hash_authorities(&hash, engine->context) < 0) return -1;
  br_sha256_out(&hash, engine->session_context);
  return SSL_set_session_id_context(engine->ssl, engine->session_context, CONTEXT_BYTES) ? 0 : -1;
}

/* ---- callbacks ---- */

/* A session's name for tls-keyd: half of its context and its id. */
typedef struct session_key {
  size_t len;
  unsigned char bytes[CONTEXT_BYTES / 2 + SSL_MAX_SSL_SESSION_ID_LENGTH];
} session_key_t;

static void make_key(session_key_t *key, unsigned char const *context, unsigned char const *id,
                     size_t len) {
  memcpy(key->bytes, context, CONTEXT_BYTES / 2);
  memcpy(key->bytes + CONTEXT_BYTES / 2, id, len);
  key->len = CONTEXT_BYTES / 2 + len;
}

/* False for a session that is not one of ours. */
static bool key_of(session_key_t *key, SSL_SESSION const *session) {
  unsigned int context_len, len;
  unsigned char const *context = SSL_SESSION_get0_id_context(session, &context_len);
  unsigned char const *id = SSL_SESSION_get_id(session, &len);
  if (context_len != CONTEXT_BYTES || !len || len > SSL_MAX_SSL_SESSION_ID_LENGTH) return false;
  make_key(key, context, id, len);
  return true;
}

static int put(SSL *ssl, SSL_SESSION *session) {
  engine_t *engine = SSL_get_app_data(ssl);
  unsigned char bytes[KEYD_SESSION_MAX], *end = bytes;
  session_key_t key;
  SSL_SESSION_set1_ticket_appdata(session, engine->end_point, engine->end_point_len);
  int const len = i2d_SSL_SESSION(session, NULL);
  if (len <= 0 || (size_t)len > sizeof bytes || !key_of(&key, session)) return 0;
  i2d_SSL_SESSION(session, &end);
  engine->session_kept = !keyd_session_put(engine->keyd, key.bytes, key.len, bytes, (size_t)len);
  OPENSSL_cleanse(bytes, sizeof bytes);
  return 0;
}

/* A tls-keyd that cannot be asked is as good as a session that is gone: the handshake is a full one
   then, and fails by itself if it must. */
static SSL_SESSION *get(SSL *ssl, unsigned char const *id, int id_len, int *copy) {
  engine_t *engine = SSL_get_app_data(ssl);
  unsigned char bytes[KEYD_SESSION_MAX];
  unsigned char const *at = bytes;
  size_t len = sizeof bytes;
  session_key_t key;
  *copy = 0;
  if (id_len <= 0 || id_len > SSL_MAX_SSL_SESSION_ID_LENGTH) return NULL;
  make_key(&key, engine->session_context, id, (size_t)id_len);
  if (keyd_session_get(engine->keyd, key.bytes, key.len, bytes, &len) < 0) return NULL;
  SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)len);
  OPENSSL_cleanse(bytes, sizeof bytes);
  engine->session_kept = session != NULL;
  return session;
}

/* Called for sessions that have not come to be, too. */
static void drop(SSL_CTX *context, SSL_SESSION *session) {
  engine_t *engine = SSL_CTX_get_app_data(context);
  session_key_t key;
  if (engine->session_kept && key_of(&key, session))
    keyd_session_drop(engine->keyd, key.bytes, key.len);
}

/* Keys of our own have nobody who keeps sessions. */
void session_keep(engine_t *engine) {
  SSL_CTX *context = engine->context;
  if (engine->keyd->store) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_timeout(context, LIFETIME);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_sess_set_new_cb(context, put);
  SSL_CTX_sess_set_get_cb(context, get);
  SSL_CTX_sess_set_remove_cb(context, drop);
}

void session_recall(engine_t *engine) {
  void *end_point;
  size_t len;
  if (!SSL_SESSION_get0_ticket_appdata(SSL_get0_session(engine->ssl), &end_point, &len)) return;
  if (len > sizeof engine->end_point) return;
  if (len) memcpy(engine->end_point, end_point, len);
  engine->end_point_len = len;
}
