/* keyd: where a TLS server's keys are: with tls-keyd, behind a unix socket, or in a file of its
 * own.
 *
 * What speaks TLS asks for a certificate by name and for signatures, and never sees a key. The
 * messages are in tls-keyd(8): one request and one answer, each one packet of a SOCK_SEQPACKET
 * socket. Signature schemes are TLS's SignatureScheme numbers (RFC 8446, section 4.2.3). */
#ifndef CHAINMAIL_KEYD_H
#define CHAINMAIL_KEYD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cert/cert.h"

#define KEYD_NAME_MAX      255              /* bytes of a server name */
#define KEYD_SCHEMES_MAX   32               /* that one request may list */
#define KEYD_CHAIN_MAX     CERT_CHAIN_MAX   /* certificates of a chain */
#define KEYD_CHAIN_BYTES   CERT_CHAIN_BYTES /* and their bytes in all */
#define KEYD_ID_SIZE       32               /* SHA-256 of the leaf certificate */
#define KEYD_SIGNATURE_MAX 512              /* bytes: RSA-4096 */
#define KEYD_KEY_MAX       64               /* bytes that name a session */
#define KEYD_SESSION_MAX   2048             /* bytes of a session */

typedef enum keyd_scheme {
  KEYD_RSA_PKCS1_SHA256 = 0x0401,
  KEYD_RSA_PKCS1_SHA384 = 0x0501,
  KEYD_RSA_PKCS1_SHA512 = 0x0601,
  KEYD_ECDSA_SHA256 = 0x0403, /* in TLS 1.3 with P-256 only, in 1.2 with any curve */
  KEYD_ECDSA_SHA384 = 0x0503,
  KEYD_ECDSA_SHA512 = 0x0603,
  KEYD_RSA_PSS_SHA256 = 0x0804,
  KEYD_RSA_PSS_SHA384 = 0x0805,
  KEYD_RSA_PSS_SHA512 = 0x0806
} keyd_scheme_t;

typedef enum keyd_type {
  KEYD_RSA = CERT_RSA,
  KEYD_EC_P256 = CERT_P256,
  KEYD_EC_P384 = CERT_P384
} keyd_type_t;

typedef struct keyd_certificate {
  unsigned char const *der;
  size_t len;
} keyd_certificate_t;

/* Who the server is in one handshake. */
typedef struct keyd_identity {
  unsigned char id[KEYD_ID_SIZE]; /* names the key in keyd_sign */
  keyd_type_t type;
  size_t count; /* leaf first */
  keyd_certificate_t chain[KEYD_CHAIN_MAX];
  unsigned char bytes[KEYD_CHAIN_BYTES]; /* what chain points into */
} keyd_identity_t;

/* A source of keys. Opening it costs nothing: it connects when first asked. */
typedef struct keyd {
  char const *path;
  unsigned int timeout;     /* milliseconds that one answer may take */
  int64_t deadline;         /* of all answers, in milliseconds of CLOCK_MONOTONIC; 0: none */
  int fd;                   /* -1: not connected */
  struct keyd_store *store; /* of a file of our own; NULL: tls-keyd */
} keyd_t;

/* Keys of the tls-keyd at this unix socket. The path is not copied. What it takes of the system
   later is socket, connect, sendmsg, recvmsg, poll, close and the clock. */
void keyd_open(keyd_t *keyd, char const *path, unsigned int timeout);
/* Keys of a PEM file, or a folder as tls-keyd reads it, in this process. 0, or -1 with errno and
 *reason a text of why. Sessions are then kept by nobody. */
int keyd_open_file(keyd_t *keyd, char const *path, char const **reason);
/* Closes and wipes. tls-keyd bounds connections and ends idle ones: whoever needs no signature for
   a while does well to close; the next question connects again. */
void keyd_close(keyd_t *keyd);

/* All return 0, or -1 with errno: ENOENT: there is none; ETIMEDOUT; ECONNREFUSED...:
   tls-keyd is not there; EPERM: it does not serve us; EAGAIN: it serves too many; EINVAL: the key
   cannot do that; EPROTO: its answer is no good. A connection that tls-keyd has closed meanwhile is
   made again, once. */

/* What such an error is in a log: with tls-keyd's name, unless the keys are our own. It lasts until
   the next call. */
char const *keyd_error_text(keyd_t const *keyd, int error);

/* The certificate for this server name ("" or NULL: the client gave none) that one of the schemes
   can sign for, first scheme first. strict: ENOENT for a name that is in no certificate, else the
   default certificate is taken. */
int keyd_choose(keyd_t *keyd, char const *name, uint16_t const *schemes, size_t count, int strict,
                keyd_identity_t *identity);
/* Signs a hash, whose length is that of the scheme's function. signature has KEYD_SIGNATURE_MAX
   bytes of room; ECDSA signatures are in ASN.1 form. */
int keyd_sign(keyd_t *keyd, unsigned char const id[KEYD_ID_SIZE], keyd_scheme_t scheme,
              unsigned char const *hash, size_t hash_len, unsigned char *signature, size_t *len);

/* Sessions, for resumption. key: of KEYD_KEY_MAX bytes at most; only peers of the same uid see
   them; tls-keyd drops them when they are old. A session that is too large is dropped in silence.
 */
int keyd_session_put(keyd_t *keyd, unsigned char const *key, size_t key_len,
                     unsigned char const *session, size_t len);
/* *len: of the room, and then of the session. */
int keyd_session_get(keyd_t *keyd, unsigned char const *key, size_t key_len, unsigned char *session,
                     size_t *len);
int keyd_session_drop(keyd_t *keyd, unsigned char const *key, size_t key_len);

/* ---- what tls-keyd is made of --------------------------------------------------------------- */

/* True if keys of this type can make such signatures. */
bool keyd_can_sign(cert_key_type_t type, keyd_scheme_t scheme);
/* Signs a hash with a key of this process. What RSA makes is checked: one signature with a fault in
   it would tell the key. 0, or -1 with errno (EINVAL: not this scheme, key or length). */
int keyd_sign_with(cert_pair_t const *pair, keyd_scheme_t scheme, unsigned char const *hash,
                   size_t hash_len, unsigned char signature[KEYD_SIGNATURE_MAX], size_t *len);

/* -- certificates and keys of a folder, which may change at any time -- */

typedef struct keyd_store keyd_store_t;

typedef enum keyd_change {
  KEYD_ADDED,
  KEYD_REPLACED, /* by its next generation; the last one still signs for KEYD_RETIRED seconds */
  KEYD_REMOVED,
  KEYD_REFUSED /* no good; the generation before it, if there is one, stays */
} keyd_change_t;

#define KEYD_RETIRED   600  /* seconds that handshakes under way may need a key that has gone */
#define KEYD_FILES_MAX 4096 /* pairs of one folder */
#define KEYD_UNCHANGED 1    /* second at least between two looks at the folder */

/* Told of each change: pair is NULL with KEYD_REFUSED, reason with the others. A folder that cannot
   be read any more is refused, too: its path is the chain's. */
typedef void keyd_change_f(void *data, keyd_change_t change, cert_files_t const *files,
                           cert_pair_t const *pair, char const *reason);

/* Reads what cert_folder_each finds at path, which is not copied, nor is me, this host's name or
   NULL. NULL with errno and *reason if nothing there is any good. */
keyd_store_t *keyd_store_open(char const *path, char const *me, keyd_change_f *change, void *data,
                              char const **reason);
/* Looks for what has changed. */
void keyd_store_reread(keyd_store_t *store);
/* The same, unless that was done just now. */
void keyd_store_refresh(keyd_store_t *store);
/* As keyd_choose and keyd_sign. */
int keyd_store_choose(keyd_store_t const *store, char const *name, uint16_t const *schemes,
                      size_t count, int strict, keyd_identity_t *identity);
int keyd_store_sign(keyd_store_t const *store, unsigned char const id[KEYD_ID_SIZE],
                    keyd_scheme_t scheme, unsigned char const *hash, size_t hash_len,
                    unsigned char signature[KEYD_SIGNATURE_MAX], size_t *len);
void keyd_store_close(keyd_store_t *store);

/* -- sessions, in memory that processes share -- */

typedef struct keyd_sessions keyd_sessions_t;

/* Room for at least `each` sessions (1 or more) in every one of `parts`, one for each peer uid: no
   peer can push out another's. They live for `lifetime` seconds. NULL with errno. */
keyd_sessions_t *keyd_sessions_new(size_t parts, size_t each, unsigned int lifetime);
/* now: seconds of any clock that never goes back. What does not fit takes the place of the oldest
   of a few. Return 0, or -1 with ENOENT. */
void keyd_sessions_put(keyd_sessions_t *sessions, size_t part, uint32_t now, cert_bytes_t key,
                       cert_bytes_t session);
int keyd_sessions_get(keyd_sessions_t *sessions, size_t part, uint32_t now, cert_bytes_t key,
                      unsigned char session[KEYD_SESSION_MAX], size_t *len);
int keyd_sessions_drop(keyd_sessions_t *sessions, size_t part, cert_bytes_t key);
/* Wipes those that are too old. */
void keyd_sessions_sweep(keyd_sessions_t *sessions, uint32_t now);

/* -- messages (tls-keyd(8), PROTOCOL) -- */

typedef enum keyd_operation {
  KEYD_CHOOSE = 'c',
  KEYD_SIGN = 's',
  KEYD_PUT = 'p',
  KEYD_GET = 'g',
  KEYD_DROP = 'd'
} keyd_operation_t;

typedef struct keyd_request {
  keyd_operation_t operation;
  char name[KEYD_NAME_MAX + 1]; /* KEYD_CHOOSE */
  bool strict;
  size_t count;
  uint16_t schemes[KEYD_SCHEMES_MAX];
  unsigned char id[KEYD_ID_SIZE]; /* KEYD_SIGN */
  keyd_scheme_t scheme;
  cert_bytes_t hash;
  cert_bytes_t key, session; /* KEYD_PUT, KEYD_GET, KEYD_DROP */
} keyd_request_t;

#define KEYD_REQUEST_MAX (4 + KEYD_KEY_MAX + KEYD_SESSION_MAX) /* bytes of the longest */
#define KEYD_ANSWER_MAX  (4 + KEYD_ID_SIZE + 3 * KEYD_CHAIN_MAX + KEYD_CHAIN_BYTES)

/* Parses a whole packet; request points into it. 0, or -1 with EPROTO. */
int keyd_request_parse(keyd_request_t *request, unsigned char const *bytes, size_t len);
/* Writes what is within its limits. Returns the length. */
size_t keyd_request_write(unsigned char bytes[KEYD_REQUEST_MAX], keyd_request_t const *request);

/* An answer is a byte of status and a body. Status 0 is success, all others are errors: */
unsigned char keyd_status(int error);
/* 0, or the errno that it means; EPROTO for one that is not known. */
int keyd_status_error(unsigned char status);

/* The body that answers KEYD_CHOOSE. Parsing: 0, or -1 with EPROTO. Writing: the length. */
int keyd_identity_parse(keyd_identity_t *identity, unsigned char const *bytes, size_t len);
size_t keyd_identity_write(unsigned char bytes[KEYD_ANSWER_MAX - 1],
                           keyd_identity_t const *identity);

#endif
