/* OpenSSL as an engine: TLS 1.2 and 1.3. */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "openssl.h"
#include "tls/tls.h"

char const engine_program[] = "tls-wrap-openssl";
unsigned int const engine_min_version = TLS1_2_VERSION, engine_max_version = TLS1_3_VERSION;

#define NETWORK_BYTES 17408 /* each way: a record, and a little of the next */

static engine_t the_engine;

/* ---- what OpenSSL asks and tells ---- */

static int find_name(engine_t *engine, unsigned char const *hello, size_t len) {
  char name[TLS_NAME_MAX + 1];
  if (tls_hello_name(hello, len, name, &engine->name_valid) < 0) *name = 0;
  if (engine->greeted) return strcmp(engine->name, name) ? -1 : 0;
  strcpy(engine->name, name);
  engine->greeted = true;
  return 0;
}

/* Sees each message before it is handled: a session is looked for by the name that comes with it,
   before OpenSSL has looked at that. */
static void see_message(int sent, int version, int type, void const *bytes, size_t len, SSL *ssl,
                        void *data) {
  engine_t *engine = data;
  (void)version;
  (void)ssl;
  if (!sent && type == SSL3_RT_HANDSHAKE && len &&
      *(unsigned char const *)bytes == SSL3_MT_CLIENT_HELLO)
    engine->name_differs = find_name(engine, bytes, len) < 0;
}

static int begin_hello(SSL *ssl, int *alert, void *data) {
  engine_t *engine = data;
  unsigned char const *suites;
  *alert = SSL_AD_INTERNAL_ERROR;
  if (engine->name_differs) {
    *alert = SSL_AD_ILLEGAL_PARAMETER;
    return SSL_CLIENT_HELLO_ERROR;
  }
  size_t const len = SSL_client_hello_get0_ciphers(ssl, &suites);
  suites_scan(engine, suites, len);
  return session_separate(engine) < 0 ? SSL_CLIENT_HELLO_ERROR : SSL_CLIENT_HELLO_SUCCESS;
}

/* Called when all of a ClientHello was read, with or without a name in it. */
static int take_name(SSL *ssl, int *alert, void *data) {
  engine_t *engine = data;
  if (SSL_session_reused(ssl))
    session_recall(engine);
  else if (!engine->identity.count && (*alert = identity_choose(engine)))
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  return *engine->name ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* value: level and description. */
static void see_alert(SSL const *ssl, int where, int value) {
  engine_t *engine = SSL_get_app_data(ssl);
  if (!(where & SSL_CB_ALERT) || value >> 8 != SSL3_AL_FATAL) return;
  engine->alert = value & 0xff;
  engine->alert_side = where & SSL_CB_READ ? ENGINE_CLIENT : ENGINE_SERVER;
}

/* A client may give a certificate that we cannot verify, where none is required: it proves nothing
   then. */
static int accept_any(int verified, X509_STORE_CTX *store) {
  (void)verified;
  (void)store;
  return 1;
}

/* ---- beginning ---- */

/* How certificates are signed, ours too, is looked up by these names. */
static int name_hashes(void) {
  return EVP_add_digest(EVP_sha1()) && EVP_add_digest(EVP_sha256()) &&
                 EVP_add_digest(EVP_sha384()) && EVP_add_digest(EVP_sha512())
             ? 0
             : -1;
}

/* Once per process, and nothing that a server does not need: not the machine's openssl.cnf, which
   is about other programs, nor names of all algorithms, nor texts of errors. */
static int begin_library(void) {
  uint64_t const leave_out = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                             OPENSSL_INIT_NO_LOAD_SSL_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                             OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_ATEXIT;
  if (!OPENSSL_init_crypto(leave_out, 0) || !OPENSSL_init_ssl(leave_out, 0)) return -1;
  return name_hashes();
}

static char const *ask_for_certificate(engine_t *engine) {
  switch (engine->settings->client_certificate) {
  case CLIENT_CERTIFICATE_NONE: return 0;
  case CLIENT_CERTIFICATE_WANTED:
    SSL_CTX_set_verify(engine->context, SSL_VERIFY_PEER, accept_any);
    break;
  case CLIENT_CERTIFICATE_REQUIRED:
    SSL_CTX_set_verify(engine->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, 0);
    break;
  }
  return authority_load(engine->context, engine->library, engine->settings->ca_file);
}

static void set_callbacks(engine_t *engine) {
  SSL_CTX *context = engine->context;
  SSL_CTX_set_app_data(context, engine);
  SSL_CTX_set_client_hello_cb(context, begin_hello, engine);
  SSL_CTX_set_tlsext_servername_callback(context, take_name);
  SSL_CTX_set_tlsext_servername_arg(context, engine);
  SSL_CTX_set_info_callback(context, see_alert);
  SSL_CTX_set_msg_callback(context, see_message);
  SSL_CTX_set_msg_callback_arg(context, engine);
}

static char const *make_context(engine_t *engine) {
  engine->context = SSL_CTX_new_ex(engine->library, 0, TLS_server_method());
  if (!engine->context) return "OpenSSL makes no context";
  SSL_CTX_set_options(engine->context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(engine->context, SSL_MODE_RELEASE_BUFFERS);
  set_callbacks(engine);
  session_keep(engine);
  char const *wrong = suites_set(engine->context, engine->settings);
  return wrong ? wrong : ask_for_certificate(engine);
}

static char const *make_connection(engine_t *engine) {
  BIO *inner;
  if (!BIO_new_bio_pair(&inner, NETWORK_BYTES, &engine->network, NETWORK_BYTES))
    return "out of memory";
  engine->ssl = SSL_new(engine->context);
  if (!engine->ssl) return BIO_free(inner), "out of memory";
  SSL_set_app_data(engine->ssl, engine);
  SSL_set_bio(engine->ssl, inner, inner);
  SSL_set_accept_state(engine->ssl);
  return 0;
}

static char const *begin(engine_t *engine) {
  if (begin_library() < 0 || provider_load(engine) < 0) return "OpenSSL does not start";
  char const *wrong = make_context(engine);
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
  return 0;
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
  return size > 0 ? (unsigned char *)room : 0;
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
  return size > 0 ? (unsigned char const *)bytes : 0;
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
  return *len ? out->bytes + out->end : 0;
}

void engine_written(engine_t *engine, size_t len) {
  engine->out.end += len;
  if (engine->out.end == sizeof engine->out.bytes) engine_flush(engine);
}

unsigned char const *engine_read(engine_t *engine, size_t *len) {
  plain_t const *in = &engine->in;
  *len = in->end - in->start;
  return *len ? in->bytes + in->start : 0;
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
  unsigned char *der = 0;
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
