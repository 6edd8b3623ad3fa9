/* What the parts of OpenSSL's engine share. */
#ifndef TLS_WRAP_OPENSSL_H
#define TLS_WRAP_OPENSSL_H

#include <openssl/ssl.h>

#include "../tls-wrap/engine.h"

#define PLAIN_BYTES   16384 /* of one record */
#define CONTEXT_BYTES 32    /* what sessions are told apart by */

/* Plain bytes between start and end. */
typedef struct plain {
  size_t start, end;
  unsigned char bytes[PLAIN_BYTES];
} plain_t;

struct engine {
  engine_settings_t const *settings;
  keyd_t *keyd;
  int keyd_error; /* errno of its last failure */
  OSSL_LIB_CTX *library;
  SSL_CTX *context;
  SSL *ssl;
  BIO *network; /* the other end of what ssl reads and writes */
  engine_state_t state;
  char const *reason;
  engine_side_t alert_side;
  unsigned int alert;
  bool writing, closing; /* not done for want of room towards the network */

  /* What the ClientHello said. */
  bool greeted;    /* there was one: a second one (RFC 8446, section 4.1.4) says the same */
  bool name_valid; /* true if there is none */
  bool name_differs;
  bool ecdsa, rsa; /* suites of TLS 1.2 that both sides have */
  char name[KEYD_NAME_MAX + 1];

  unsigned char session_context[CONTEXT_BYTES];
  bool session_kept; /* tls-keyd has one of this connection */

  keyd_identity_t identity; /* chosen if its count is not 0 */
  size_t end_point_len;
  unsigned char end_point[CERT_END_POINT_MAX];
  plain_t in, out;
};

/* ---- context.c ---- */

/* Makes the engine's context, and the library that it is of. NULL, or why it cannot. */
char const *context_make(engine_t *engine);

/* ---- suites.c: suites, groups and signature schemes ---- */

/* Sets them and the versions in the context. NULL, or what is wrong with the settings. */
char const *suites_set(SSL_CTX *context, engine_settings_t const *settings);
char const *suites_check(engine_settings_t const *settings);
/* Tells which kinds of key the client's suites can be served with in TLS 1.2. */
void suites_scan(engine_t *engine, unsigned char const *offered, size_t len);

/* ---- authority.c: who may vouch for clients ---- */

/* Reads the CA file into the context. NULL, or what is wrong with it. */
char const *authority_load(SSL_CTX *context, OSSL_LIB_CTX *library, char const *path);

/* ---- identity.c: the certificate ---- */

/* Takes a certificate for this client. 0, or the alert that says why there is none; the engine's
   reason is set then. */
int identity_choose(engine_t *engine);

/* ---- provider.c: what there is of OpenSSL ---- */

/* Makes the engine's library. 0 or -1. */
int provider_load(engine_t *engine);

/* ---- key.c: private keys in tls-keyd ---- */

/* The key of the engine's identity, whose certificate has this public key; NULL. */
EVP_PKEY *key_make(engine_t const *engine, EVP_PKEY *public);

/* ---- session.c: sessions in tls-keyd ---- */

/* Has the context keep sessions there. */
void session_keep(engine_t *engine);
/* Tells sessions of this name and these settings from others. 0 or -1. */
int session_separate(engine_t *engine);
/* Takes from a resumed session what was kept with it. */
void session_recall(engine_t *engine);

/* ---- reason.c ---- */

/* Why the handshake or the connection failed. */
char const *reason_find(engine_t const *engine);

#endif
