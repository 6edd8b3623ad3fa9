/* engine_parts: what the parts of BearSSL's engine know of each other. */
#ifndef TLS_WRAP_ENGINE_PARTS_H
#define TLS_WRAP_ENGINE_PARTS_H

#include <bearssl.h>

#include "engine.h"
#include "tls/client_chain.h"
#include "tls/tls.h"

#define PROTOCOL   0x0303
#define AHEAD      32768 /* bytes of records that one read may take */
#define LEAF_MAX   16384 /* bytes of a client's certificate */
#define CLIENT_MAX 8     /* certificates of its chain */
#define SMALL      512   /* bytes of small records that go out in one packet */
#define HASHES     3     /* functions, SHA-2 */

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

/* What is small comes first, and is wiped at the end; pages of the rest that are not needed are
   never touched. */
struct engine {
  br_ssl_server_context server;
  engine_settings_t const *settings;
  keyd_t *keyd;
  policy_t policy;
  cache_t cache;
  tls_anchors_t *anchors;
  br_ec_impl curves;
  bool opened, resumed;
  bool hello_read;     /* the first record was looked at, */
  bool name_known;     /* and a server name, or none, was found; */
  bool name_valid;     /* what was found is none, or a host name */
  char const *reason;  /* ours; NULL: BearSSL's */
  unsigned char alert; /* that we have sent by ourselves; BearSSL is not asked after it */
  tls_kept_t session;  /* as it is kept, or was */
  keyd_scheme_t scheme;
  br_x509_certificate chain[KEYD_CHAIN_MAX];
  size_t ahead_start, ahead_end; /* in ahead: what BearSSL is to have */
  size_t small_start, small_end; /* in small: what is to be sent */
  unsigned char small[SMALL];
  client_t client;
  keyd_identity_t identity;
  unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT], ahead[AHEAD];
};

typedef struct engine_hash {
  int id;
  br_hash_class const *class;
} engine_hash_t;

extern engine_hash_t const engine_hashes[HASHES];

/* Sets the suites of the settings, or ours. */
void suites_set(engine_t *engine);
/* The standard name, or "". */
char const *suite_name(uint16_t number);

/* Refuses to go on, by an alert of our own while records are not encrypted. Returns 0, what BearSSL
 * takes for that. */
int engine_refuse(engine_t *engine, char const *reason, unsigned char alert);
/* To be called after BearSSL has had bytes; sending: it had records to send before. */
void failure_note(engine_t *engine, bool sending);

/* Our certificates, our sessions, and the client's certificate: what BearSSL is to call. */
void identity_init(engine_t *engine);
void session_init(engine_t *engine);
/* 0, or -1 with errno. */
int client_init(engine_t *engine);

#endif
