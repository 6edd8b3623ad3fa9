/* The context: what is the same for every connection, and what OpenSSL asks and tells on the way.
 */
#include <string.h>

#include "openssl.h"
#include "tls/tls.h"

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
  if (!OPENSSL_init_crypto(leave_out, NULL) || !OPENSSL_init_ssl(leave_out, NULL)) return -1;
  return name_hashes();
}

static char const *ask_for_certificate(engine_t *engine) {
  switch (engine->settings->client_certificate) {
  case CLIENT_CERTIFICATE_NONE: return NULL;
  case CLIENT_CERTIFICATE_WANTED:
    SSL_CTX_set_verify(engine->context, SSL_VERIFY_PEER, accept_any);
    break;
  case CLIENT_CERTIFICATE_REQUIRED:
    SSL_CTX_set_verify(engine->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
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

char const *context_make(engine_t *engine) {
  if (begin_library() < 0 || provider_load(engine) < 0) return "OpenSSL does not start";
  engine->context = SSL_CTX_new_ex(engine->library, NULL, TLS_server_method());
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
