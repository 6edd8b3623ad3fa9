/* keyd: where a TLS server's keys are: with tls-keyd, behind a unix socket, or in a file of its
 * own.
 *
 * What speaks TLS asks for a certificate by name and for signatures, and never sees a key. The
 * messages are in keyd(7): one request and one answer, each one packet of a SOCK_SEQPACKET socket.
 * Signature schemes are TLS's SignatureScheme numbers (RFC 8446, section 4.2.3). */
#ifndef CHAINMAIL_KEYD_H
#define CHAINMAIL_KEYD_H

#include <stddef.h>
#include <stdint.h>

#define KEYD_NAME_MAX      255   /* bytes of a server name */
#define KEYD_SCHEMES_MAX   32    /* that one request may list */
#define KEYD_CHAIN_MAX     8     /* certificates of a chain */
#define KEYD_CHAIN_BYTES   32768 /* and their bytes in all */
#define KEYD_ID_SIZE       32    /* SHA-256 of the leaf certificate */
#define KEYD_SIGNATURE_MAX 512   /* bytes: RSA-4096 */
#define KEYD_KEY_MAX       64    /* bytes that name a session */
#define KEYD_SESSION_MAX   2048  /* bytes of a session */

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

typedef enum keyd_type { KEYD_RSA, KEYD_EC_P256, KEYD_EC_P384 } keyd_type_t;

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
  int fd;                   /* -1: not connected */
  struct cert_store *store; /* of a file of our own; NULL: tls-keyd */
} keyd_t;

/* Keys of the tls-keyd at this unix socket. The path is not copied. */
void keyd_open(keyd_t *keyd, char const *path, unsigned int timeout);
/* Keys of a PEM file, or a folder as tls-keyd reads it, in this process. 0, or -1 with errno and
 *reason a text of why. Sessions are then kept by nobody. */
int keyd_open_file(keyd_t *keyd, char const *path, char const **reason);
/* Closes and wipes. */
void keyd_close(keyd_t *keyd);

/* All return 0, or -1 with errno: ENOENT: there is none; ETIMEDOUT; ECONNREFUSED...: tls-keyd is
   not there; EPERM: it does not serve us; EPROTO: its answer is no good. */

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

#endif
