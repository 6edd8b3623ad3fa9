/* tls: what fronts and providers of TLS say to each other (UCSPI-TLS), and TLS as a client. */
#ifndef CHAINMAIL_TLS_H
#define CHAINMAIL_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cert/cert.h"

/* ---- UCSPI-TLS: the records that a provider sends when the handshake is done ---------------- */

#define TLS_RECORDS_MAX   64    /* that a front takes */
#define TLS_RECORDS_BYTES 16384 /* and their bytes in all */

/* True if bytes end in the empty record: NAME=value\0NAME=value\0\0, or \0 alone. */
bool tls_records_complete(char const *bytes, size_t len);
/* Steps through them: the next "NAME=value" (set it) or "NAME" (unset it) of TLS's own names
   (SSL_*), or NULL; others are left out. *at is 0 at first. */
char const *tls_records_next(char const *bytes, size_t len, size_t *at);

/* Appends "NAME=value", or "NAME" if value is NULL, to the *len of size bytes: true if it fits. */
bool tls_records_add(char *bytes, size_t size, size_t *len, char const *name, char const *value);
/* Appends the empty record. */
bool tls_records_end(char *bytes, size_t size, size_t *len);

/* ---- TLS as a server ------------------------------------------------------------------------ */

#define TLS_NAME_MAX 253 /* bytes of a host name */

/* True if name is one: labels of letters, digits, hyphens and underscores (RFC 6066, section 3). */
bool tls_name_valid(char const *name, size_t len);

/* Finds the server name in a ClientHello, a handshake message that is here as a whole (RFC 5246,
   section 7.4.1.2): name is "" if there is none, or one that is no host name; *valid tells these
   apart. 0, or -1 with EINVAL if bytes are nothing of the kind. */
int tls_hello_name(unsigned char const *bytes, size_t len, char name[TLS_NAME_MAX + 1],
                   bool *valid);

/* What an alert is called (RFC 8446, section 6), "unknown_ca"; "unknown" if it has no name. */
char const *tls_alert_text(unsigned int alert);

/* What a server keeps of a session until it is resumed: secret. */
typedef struct tls_kept {
  uint16_t version, suite;
  unsigned char master[48];
  unsigned char settings[32]; /* a digest of those that it was made under */
  unsigned char end_point_len, end_point[CERT_END_POINT_MAX];
  char name[TLS_NAME_MAX + 1]; /* what the client called us, or "" */
  char peer_hash[CERT_HASH_TEXT], peer_subject[CERT_SUBJECT_MAX];
} tls_kept_t;

#define TLS_KEPT_BYTES 1024 /* that one is at most, written down */

/* Returns the number of bytes. */
size_t tls_kept_write(tls_kept_t const *kept, unsigned char bytes[TLS_KEPT_BYTES]);
/* 0, or -1 with EINVAL: not one that tls_kept_write of this version has written. */
int tls_kept_read(tls_kept_t *kept, unsigned char const *bytes, size_t len);

/* ---- BearSSL's numbers in words, for both sides --------------------------------------------- */

/* The standard name of a suite of TLS 1.0 to 1.2; "unknown" if BearSSL has not got it, or if it is
   one that nobody should want. */
char const *tls_suite_name(uint16_t suite);
/* What one of BearSSL's errors, BR_ERR_*, means; alerts are another thing. */
char const *tls_error_text(int error);

/* ---- TLS as a client ----------------------------------------------------------------------------
 *
 * TLS 1.0 to 1.2 as BearSSL speaks it: RSA keys up to 4096 bits, ECDSA with P-256, P-384 and P-521;
 * certificates signed by RSA PKCS#1 or ECDSA with SHA-2. It cannot talk to servers that have
 * TLS 1.3 alone, or Ed25519 or RSA-PSS keys.
 *
 * A client is four queues of bytes and never waits (but for tls-keyd, when a server asks for our
 * certificate): records from the network go in, plain bytes come out, and the other way round. Its
 * owner asks for a buffer, fills or empties some of it, says how much, and keeps the time. A TCP
 * socket needs TCP_NODELAY: a handshake's records come out one by one. */

#define TLS_NAMES_MAX     8     /* that a server may be known by */
#define TLS_PINS_MAX      16    /* that are looked at, of one server */
#define TLS_PIN_BYTES     8192  /* of one pin's data */
#define TLS_CHAIN_MAX     10    /* certificates of a server that are looked at */
#define TLS_CHAIN_BYTES   32768 /* and their bytes in all */
#define TLS_ANCHORS_MAX   1024  /* certificates of a file of authorities */
#define TLS_ANCHORS_BYTES 4194304

/* The certificates of authorities: their names and keys. */
typedef struct tls_anchors tls_anchors_t;

/* Reads all certificates of a PEM text; those with a key that we cannot use are left out. NULL with
   errno: EINVAL (no certificate in it, or it breaks off), EFBIG (more than the caps above), ENOMEM.
 */
tls_anchors_t *tls_anchors_read(char const *pem, size_t len);
/* The same for a file. */
tls_anchors_t *tls_anchors_load(char const *path);
void tls_anchors_free(tls_anchors_t *anchors);

/* What is known of a server's certificate beforehand: a TLSA record (RFC 6698, section 2.1). */
typedef struct tls_pin {
  unsigned char usage;    /* 2: DANE-TA, an authority of its chain; 3: DANE-EE, its own */
  unsigned char selector; /* 0: the certificate; 1: its SubjectPublicKeyInfo */
  unsigned char matching; /* 0: as it is; 1: SHA-256; 2: SHA-512 */
  size_t len;
  unsigned char const *data;
} tls_pin_t;

/* Takes a record's data as it came from the DNS; data is not copied. 0, or -1 with EINVAL: not one
   that a client of SMTP can use (RFC 7672, section 3.1.3), as PKIX-TA(0) and PKIX-EE(1) are not. */
int tls_pin_read(tls_pin_t *pin, unsigned char const *data, size_t len);
/* Parses "3 1 1 <hex>" as TLSA records are written, "SHA256:<hex>" (a certificate's hash, as
   SSL_PEER_CERT_HASH has it), or "sha256//<base64>" (a public key's, as curl has it) into at most
   size bytes of storage. 0, or -1 with EINVAL, or EMSGSIZE. */
int tls_pin_parse(tls_pin_t *pin, char const *text, unsigned char *storage, size_t size);

typedef enum tls_policy {
  TLS_POLICY_ANY, /* the handshake goes on whoever it is: opportunistic, or for the report */
  TLS_POLICY_CA,  /* a chain to an anchor, and one of the names */
  TLS_POLICY_PIN  /* one of the pins; for DANE-TA with a chain to it and one of the names */
} tls_policy_t;

/* What a way to verify a server has come to. */
typedef enum tls_finding {
  TLS_UNASKED, /* no anchors or names, or no pins, were given */
  TLS_HELD,
  TLS_NAME_MISMATCH,
  TLS_EXPIRED,     /* or not yet valid: a certificate of the chain */
  TLS_SELF_SIGNED, /* by nobody we know */
  TLS_UNTRUSTED,   /* the chain leads to nobody we know: no authority, or certificates missing */
  TLS_BAD_SIGNATURE,
  TLS_WRONG_PURPOSE, /* not for servers, or an issuer that is none of theirs */
  TLS_WEAK_KEY,      /* RSA of less than 2048 bits */
  TLS_UNSUPPORTED,   /* an algorithm or a critical extension that we have not got */
  TLS_MALFORMED,
  TLS_NO_MATCH, /* none of the pins */
  TLS_FINDINGS
} tls_finding_t;

/* "expired", "name mismatch"... */
char const *tls_finding_text(tls_finding_t finding);

/* What is known when the handshake is done. What it says of the server is true of who is at the
   other end: it has proved that it has the certificate's key. */
typedef struct tls_report {
  char protocol[16]; /* TLSv1.2 */
  char cipher[64];   /* the standard name */
  tls_finding_t ca, pin;
  size_t pin_index;                    /* which of the pins it is, if one held */
  char peer_hash[CERT_HASH_TEXT];      /* of the server's certificate */
  char peer_subject[CERT_SUBJECT_MAX]; /* "" if it has none, or none that can be read */
  size_t end_point_len;                /* tls-server-end-point, for channel binding */
  unsigned char end_point[CERT_END_POINT_MAX];
} tls_report_t;

/* What it points to must stay until the handshake is done. */
typedef struct tls_client_settings {
  tls_policy_t policy;
  uint16_t min_version; /* 0x0301 (TLS 1.0) to 0x0303; 0: 0x0303 */
  bool weak_suites;     /* CBC and key exchange by RSA too, after those with ECDHE and AEAD */
  size_t names_count;   /* of A-labels or IP addresses; the first, if a name, is sent as SNI */
  char const *const *names;
  tls_anchors_t const *anchors; /* NULL: none */
  size_t pins_count;
  tls_pin_t const *pins;
  struct keyd *keyd; /* our own certificate, for servers that ask for one; NULL: none */
  int64_t time;      /* seconds since the epoch that certificates are to be valid at; 0: now */
} tls_client_settings_t;

typedef struct tls_client tls_client_t;

typedef enum tls_client_state {
  TLS_CLIENT_HANDSHAKE,
  TLS_CLIENT_OPEN,
  TLS_CLIENT_CLOSED, /* the server said close_notify: nothing more will come from it */
  TLS_CLIENT_FAILED
} tls_client_state_t;

/* Begins a handshake. NULL with errno: EINVAL (settings that make no sense: TLS_POLICY_CA without
   names or anchors, TLS_POLICY_PIN without pins, a version we have not got), ENOMEM, or
   getrandom's. It takes 105 KB, of which the chain and our own certificate touch what they need. */
tls_client_t *tls_client_start(tls_client_settings_t const *settings);

/* Room for records from the network, and records for it; NULL with *len 0 when there is none at
   this time. tls_client_received and tls_client_sent tell how many bytes were moved, at most *len.
   An end of the network's bytes in another state than TLS_CLIENT_CLOSED is a truncation. */
unsigned char *tls_client_receive(tls_client_t *client, size_t *len);
void tls_client_received(tls_client_t *client, size_t len);
unsigned char const *tls_client_send(tls_client_t *client, size_t *len);
void tls_client_sent(tls_client_t *client, size_t len);
/* The same for plain bytes: room for what goes to the server, and what came from it. */
unsigned char *tls_client_write(tls_client_t *client, size_t *len);
void tls_client_written(tls_client_t *client, size_t len);
unsigned char const *tls_client_read(tls_client_t *client, size_t *len);
void tls_client_was_read(tls_client_t *client, size_t len);
/* Makes records of what was written so far. */
void tls_client_flush(tls_client_t *client);
/* Says close_notify. What was not read is lost. */
void tls_client_close(tls_client_t *client);

tls_client_state_t tls_client_state(tls_client_t const *client);
/* Why it failed: "certificate: expired", "the server sent an alert: ..."..., for the log. An alert
   of ours is then still to be sent. */
char const *tls_client_reason(tls_client_t const *client);
/* The alert that it failed with, and whose it was; -1: there was none. */
int tls_client_alert(tls_client_t const *client, bool *ours);
/* From TLS_CLIENT_OPEN on; what was found of a certificate is there when it was refused, too. */
tls_report_t const *tls_client_report(tls_client_t const *client);
/* Ends it and wipes its secrets. client may be NULL. */
void tls_client_end(tls_client_t *client);

#endif
