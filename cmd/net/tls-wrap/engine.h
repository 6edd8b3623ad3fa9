/* engine: what speaks TLS. tls-wrap and tls-wrap-openssl are one program with two of these; all
 * else (options, UCSPI-TLS, the loop, the process's confinement, facts and log) is the same code.
 *
 * An engine is four queues of bytes and never waits, but for tls-keyd: records from the network go
 * in, plain bytes for the program come out, and the other way round. The loop asks for a buffer,
 * fills or empties some of it, and says how much. */
#ifndef TLS_WRAP_ENGINE_H
#define TLS_WRAP_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cert/cert.h"
#include "keyd/keyd.h"

typedef enum engine_client_certificate {
  CLIENT_CERTIFICATE_NONE,
  CLIENT_CERTIFICATE_WANTED,
  CLIENT_CERTIFICATE_REQUIRED
} engine_client_certificate_t;

/* What an administrator may say. */
typedef struct engine_settings {
  unsigned int min_version, max_version; /* 0x0303, 0x0304; the engine's own bounds if 0 */
  char const *suites;                    /* standard names, comma-separated; NULL: the engine's */
  bool strict_name;                      /* an alert for server names we have no certificate for */
  engine_client_certificate_t client_certificate;
  char const *ca_file; /* client certificates are verified against it */
} engine_settings_t;

/* What is known when the handshake is done. Texts are "" where nothing is. */
typedef struct engine_facts {
  char protocol[16];            /* TLSv1.2, TLSv1.3 */
  char cipher[64];              /* the standard name: TLS_ECDHE_RSA_WITH_..., TLS_AES_... */
  char name[KEYD_NAME_MAX + 1]; /* SNI, as it came: checked to be a host name */
  bool resumed;
  size_t end_point_len; /* tls-server-end-point of our certificate */
  unsigned char end_point[CERT_END_POINT_MAX];
  char peer_hash[CERT_HASH_TEXT]; /* of a verified client certificate; of any server's */
  char peer_subject[CERT_SUBJECT_MAX];
  char const *verified, *verified_reason; /* a server's: by what, or why not; NULL: a client's */
} engine_facts_t;

typedef struct engine engine_t;

/* The program that this engine makes ("tls-wrap"), and the versions it can speak. */
extern char const engine_program[];
extern unsigned int const engine_min_version, engine_max_version;

/* What is wrong with the settings, or NULL: said before any connection is served with them. */
char const *engine_check(engine_settings_t const *settings);

/* Begins a handshake as server. The one engine of this process; NULL with *reason. All that needs
   files is done here: afterwards the process is confined to moving bytes and asking tls-keyd. */
engine_t *engine_start(engine_settings_t const *settings, keyd_t *keyd, char const **reason);

/* Room for records from the network, and records for it; NULL with *len 0 when there is none at
   this time. engine_received and engine_sent tell how many bytes were moved. */
unsigned char *engine_receive(engine_t *engine, size_t *len);
void engine_received(engine_t *engine, size_t len);
unsigned char const *engine_send(engine_t *engine, size_t *len);
void engine_sent(engine_t *engine, size_t len);
/* The same for plain bytes: room for what the program writes, and what it is to read. */
unsigned char *engine_write(engine_t *engine, size_t *len);
void engine_written(engine_t *engine, size_t len);
unsigned char const *engine_read(engine_t *engine, size_t *len);
void engine_was_read(engine_t *engine, size_t len);
/* Makes records of what was written so far. */
void engine_flush(engine_t *engine);
/* Says close_notify, behind what was written; in ENGINE_CLOSED, if that was not done by itself. */
void engine_close(engine_t *engine);

typedef enum engine_state {
  ENGINE_HANDSHAKE,
  ENGINE_OPEN,
  ENGINE_CLOSED, /* was open, and the client said close_notify: nothing more will come from it */
  ENGINE_FAILED
} engine_state_t;
engine_state_t engine_state(engine_t const *engine);
/* Why it failed: "no cipher suite in common", "unknown certificate"..., for the log. */
char const *engine_reason(engine_t const *engine);
/* The fatal alert it ended with (RFC 8446, section 6), and whose it was; ENGINE_NOBODY: none. */
typedef enum engine_side { ENGINE_NOBODY, ENGINE_SERVER, ENGINE_CLIENT } engine_side_t;
engine_side_t engine_alert(engine_t const *engine, unsigned int *alert);
/* From ENGINE_OPEN on. Before that, and after a failure, the name alone may be known. */
void engine_facts(engine_t const *engine, engine_facts_t *facts);
/* Ends it and wipes its secrets. */
void engine_end(engine_t *engine);

#endif
