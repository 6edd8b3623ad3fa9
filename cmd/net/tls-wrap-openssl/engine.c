/* OpenSSL as an engine: TLS 1.2 and 1.3. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "openssl.h"

char const engine_program[] = "tls-wrap-openssl";
unsigned int const engine_min_version = TLS1_2_VERSION, engine_max_version = TLS1_3_VERSION;

#define NETWORK_BYTES 17408 /* each way: a record, and a little of the next */

static engine_t the_engine;

/* ---- beginning ---- */

static char const *make_connection(engine_t *engine) {
  BIO *inner;
  if (!BIO_new_bio_pair(&inner, NETWORK_BYTES, &engine->network, NETWORK_BYTES))
    return "out of memory";
  engine->ssl = SSL_new(engine->context);
  if (!engine->ssl) return BIO_free(inner), "out of memory";
  SSL_set_app_data(engine->ssl, engine);
  SSL_set_bio(engine->ssl, inner, inner);
  SSL_set_accept_state(engine->ssl);
  return NULL;
}

static char const *begin(engine_t *engine) {
  char const *wrong = context_make(engine);
  return wrong ? wrong : make_connection(engine);
}

char const *engine_check(engine_settings_t const *settings) {
  if (settings->client_certificate != CLIENT_CERTIFICATE_NONE && !settings->ca_file)
    return "client certificates need a CA file";
  return suites_check(settings);
}

engine_t *engine_start(engine_settings_t const *settings, keyd_t *keyd, char const **reason) {
  engine_t *engine = &the_engine;
  engine->settings = settings;
  engine->keyd = keyd;
  *reason = begin(engine);
  if (!*reason) return engine;
  engine_end(engine);
  return NULL;
}

/* ---- going on ---- */

/* What it means that OpenSSL did not do it. */
static void stop(engine_t *engine, int result) {
  switch (SSL_get_error(engine->ssl, result)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE: return;
  case SSL_ERROR_ZERO_RETURN: engine->state = ENGINE_CLOSED; return;
  default: engine->reason = reason_find(engine); engine->state = ENGINE_FAILED;
  }
}

static void shake_hands(engine_t *engine) {
  int const result = SSL_do_handshake(engine->ssl);
  if (result == 1)
    engine->state = ENGINE_OPEN;
  else
    stop(engine, result);
}

static void fill_in(engine_t *engine) {
  plain_t *in = &engine->in;
  if (in->start != in->end) return;
  in->start = in->end = 0;
  int const got = SSL_read(engine->ssl, in->bytes, sizeof in->bytes);
  if (got > 0)
    in->end = (size_t)got;
  else
    stop(engine, got);
}

/* A write that found no room is to be repeated with the same bytes. */
static void empty_out(engine_t *engine) {
  plain_t *out = &engine->out;
  if (!out->end) return;
  int const put = SSL_write(engine->ssl, out->bytes, (int)out->end);
  engine->writing = put <= 0;
  if (put > 0)
    out->end = 0;
  else
    stop(engine, put);
}

static void shut(engine_t *engine) {
  SSL_shutdown(engine->ssl);
  engine->closing = !(SSL_get_shutdown(engine->ssl) & SSL_SENT_SHUTDOWN);
}

static bool is_open(engine_t const *engine) {
  return engine->state == ENGINE_OPEN || engine->state == ENGINE_CLOSED;
}

/* Does what can be done now. */
static void go_on(engine_t *engine) {
  ERR_clear_error();
  if (engine->state == ENGINE_HANDSHAKE) shake_hands(engine);
  if (engine->state == ENGINE_OPEN) fill_in(engine);
  if (engine->writing && is_open(engine)) empty_out(engine);
  if (engine->closing && !engine->writing && is_open(engine)) shut(engine);
}

/* ---- the network's bytes ---- */

unsigned char *engine_receive(engine_t *engine, size_t *len) {
  char *room;
  bool const wanted = engine->state == ENGINE_HANDSHAKE || engine->state == ENGINE_OPEN;
  int const size = wanted ? BIO_nwrite0(engine->network, &room) : 0;
  *len = size > 0 ? (size_t)size : 0;
  return size > 0 ? (unsigned char *)room : NULL;
}

void engine_received(engine_t *engine, size_t len) {
  char *room;
  BIO_nwrite(engine->network, &room, (int)len);
  go_on(engine);
}

unsigned char const *engine_send(engine_t *engine, size_t *len) {
  char *bytes;
  int const size = BIO_nread0(engine->network, &bytes);
  *len = size > 0 ? (size_t)size : 0;
  return size > 0 ? (unsigned char const *)bytes : NULL;
}

void engine_sent(engine_t *engine, size_t len) {
  char *bytes;
  BIO_nread(engine->network, &bytes, (int)len);
  if (engine->state != ENGINE_FAILED) go_on(engine);
}

/* ---- plain bytes ---- */

unsigned char *engine_write(engine_t *engine, size_t *len) {
  plain_t *out = &engine->out;
  bool const wanted = is_open(engine) && !engine->writing && !engine->closing;
  *len = wanted ? sizeof out->bytes - out->end : 0;
  return *len ? out->bytes + out->end : NULL;
}

void engine_written(engine_t *engine, size_t len) {
  engine->out.end += len;
  if (engine->out.end == sizeof engine->out.bytes) engine_flush(engine);
}

unsigned char const *engine_read(engine_t *engine, size_t *len) {
  plain_t const *in = &engine->in;
  *len = in->end - in->start;
  return *len ? in->bytes + in->start : NULL;
}

void engine_was_read(engine_t *engine, size_t len) {
  engine->in.start += len;
  go_on(engine);
}

void engine_flush(engine_t *engine) {
  ERR_clear_error();
  if (is_open(engine) && !engine->writing) empty_out(engine);
}

void engine_close(engine_t *engine) {
  engine_flush(engine);
  engine->closing = true;
  go_on(engine);
}

/* ---- what came of it ---- */

engine_state_t engine_state(engine_t const *engine) {
  return engine->state;
}

char const *engine_reason(engine_t const *engine) {
  return engine->reason ? engine->reason : "";
}

engine_side_t engine_alert(engine_t const *engine, unsigned int *alert) {
  *alert = engine->alert;
  return engine->alert_side;
}

/* A certificate that was not verified is not told: it proves nothing. */
static void tell_peer(engine_t const *engine, engine_facts_t *facts) {
  X509 *peer = SSL_get0_peer_certificate(engine->ssl);
  unsigned char *der = NULL;
  if (!peer || SSL_get_verify_result(engine->ssl) != X509_V_OK) return;
  int const len = i2d_X509(peer, &der);
  if (len <= 0) return;
  cert_hash_text(der, (size_t)len, facts->peer_hash);
  cert_subject(der, (size_t)len, facts->peer_subject);
  OPENSSL_free(der);
}

void engine_facts(engine_t const *engine, engine_facts_t *facts) {
  *facts = (engine_facts_t){.end_point_len = engine->end_point_len};
  strcpy(facts->name, engine->name);
  if (!is_open(engine)) return;
  facts->resumed = SSL_session_reused(engine->ssl);
  snprintf(facts->protocol, sizeof facts->protocol, "%s", SSL_get_version(engine->ssl));
  snprintf(facts->cipher, sizeof facts->cipher, "%s",
           SSL_CIPHER_standard_name(SSL_get_current_cipher(engine->ssl)));
  memcpy(facts->end_point, engine->end_point, sizeof facts->end_point);
  tell_peer(engine, facts);
}

/* The library stays: it has no secrets, and its process ends with this.
 * A session whose connection ended without a word is as good as any: OpenSSL would drop it. */
void engine_end(engine_t *engine) {
  if (engine->ssl) SSL_set_shutdown(engine->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(engine->ssl);
  BIO_free(engine->network);
  SSL_CTX_free(engine->context);
  OPENSSL_cleanse(engine, sizeof *engine);
}
