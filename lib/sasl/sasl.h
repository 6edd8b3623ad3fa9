/* sasl: the mechanisms, both sides of them, and the auth service between fronts and sasl-auth(8).
 *
 * Mechanisms are pure state machines over decoded messages (RFC 4422); base64 is the carrier's. */
#ifndef CHAINMAIL_SASL_H
#define CHAINMAIL_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SASL_NAME_MAX    255   /* bytes of an identity */
#define SASL_MESSAGE_MAX 9216  /* bytes of a message, decoded; AUTH lines of 12,288 carry them */
#define SASL_LINE_MAX    12288 /* bytes of a base64 line (RFC 4954, section 4), CRLF aside */

/* ---- which mechanisms there are ------------------------------------------------------------- */

typedef enum sasl_mechanism {
  SASL_PLAIN,
  SASL_LOGIN,
  SASL_CRAM_MD5,
  SASL_SCRAM_SHA_1,
  SASL_SCRAM_SHA_1_PLUS,
  SASL_SCRAM_SHA_256,
  SASL_SCRAM_SHA_256_PLUS,
  SASL_EXTERNAL,
  SASL_OAUTHBEARER,
  SASL_XOAUTH2,
  SASL_MECHANISMS
} sasl_mechanism_t;

typedef struct sasl_mechanism_entry {
  char const *name;
  bool shows_secret;  /* a password or token travels: only under TLS, unless the setting says so */
  bool binds_channel; /* -PLUS: needs the end point of our certificate */
  bool needs_certificate; /* of the client */
  bool has_no_initial;    /* response: the client must hear a challenge first. LOGIN's clients may
                             not wait for it, by custom */
} sasl_mechanism_entry_t;

extern sasl_mechanism_entry_t const sasl_mechanism_table[SASL_MECHANISMS];

/* What is known of the connection that a client wants to log in on. */
typedef struct sasl_channel {
  bool tls;
  bool end_point;   /* SSL_SERVER_END_POINT is known */
  bool certificate; /* the client's was verified */
  bool clear_text;  /* passwords may travel without TLS (setting auth-clear-text) */
} sasl_channel_t;

/* Finds a mechanism by name, case aside; SASL_MECHANISMS: there is none. */
sasl_mechanism_t sasl_mechanism_find(char const *name, size_t len);
/* True if list, names with blanks between (the setting auth-mechanisms), has this name. */
bool sasl_name_listed(char const *list, char const *name);
bool sasl_mechanism_listed(char const *list, sasl_mechanism_t mechanism);
/* True if this channel is fit for it. */
bool sasl_mechanism_fits(sasl_mechanism_t mechanism, sasl_channel_t const *channel);
/* True if it is listed and this channel is fit for it. */
bool sasl_mechanism_offered(char const *list, sasl_mechanism_t mechanism,
                            sasl_channel_t const *channel);

/* ---- the auth service, the fronts' side (the protocol is in sasl-auth(8)) ------------------- */

typedef enum sasl_result {
  SASL_CHALLENGE, /* text: base64, for the client; "" is an empty challenge */
  SASL_SUCCESS,   /* facts are filled in. Nothing is left to say: the last word of a mechanism
                     comes as a challenge, whose answer is empty (RFC 4422, section 3.6) */
  SASL_FAILED,    /* wrong credentials, or an identity the user may not take: 535 */
  SASL_MALFORMED, /* what the client sent is no message of this mechanism: 501 */
  SASL_CANCELLED, /* "*": 501 */
  SASL_UNKNOWN,   /* no such mechanism here: 504 */
  SASL_UNFIT,     /* not on a channel like this: 538 */
  SASL_TOO_WEAK,  /* this user's password cannot be checked this way: 534 */
  SASL_TEMPORARY, /* ours, or tls, or time: 454 */
  SASL_THROTTLED  /* too many failures from there: 421 */
} sasl_result_t;

#define SASL_FACTS_MAX   8192 /* bytes of the success record */
#define SASL_REQUEST_MAX (SASL_LINE_MAX + 64)

typedef struct sasl_service {
  int fd; /* -1: not connected */
  unsigned int milliseconds;
  size_t start, end, facts_len;
  char text[SASL_LINE_MAX + 1];  /* of the latest answer: a challenge, or why not */
  char facts[SASL_FACTS_MAX];    /* NAME=value\0...\0 of a success: AUTH_USER, AUTH_METHOD, and what
                                    is known of AUTH_SENDERS, AUTH_HOME, AUTH_UID, AUTH_GID */
  char buffer[SASL_REQUEST_MAX]; /* what is read, or is about to be sent */
} sasl_service_t;

/* Connects to the service at this unix socket and says who asks: facts are NAME=value strings, up
   to a NULL: SERVICE (smtp, pop3, imap), SESSION_ID, REMOTEIP, REMOTEPORT, LOCALIP, LOCALPORT,
   SSL_PROTOCOL, SSL_SERVER_END_POINT, SSL_PEER_CERT_HASH, SSL_PEER_CERT_SUBJECT. 0, or -1 with
   errno (EINVAL: a fact with a line end in it). milliseconds: for each step. After a
   SASL_TEMPORARY of a service that does not answer as it should, fd is -1: open it anew. */
int sasl_service_open(sasl_service_t *service, char const *path, char const *const *facts,
                      unsigned int milliseconds);
/* Begins an exchange. initial: the initial response as the client sent it (base64, "=" is an empty
   one), or NULL. */
sasl_result_t sasl_service_start(sasl_service_t *service, char const *mechanism,
                                 char const *initial);
/* The same for APOP (RFC 1939): the timestamp of the front's greeting and what the client says. */
sasl_result_t sasl_service_apop(sasl_service_t *service, char const *timestamp, char const *name,
                                char const *digest);
/* Hands on a line of the client's, base64 or "*". */
sasl_result_t sasl_service_answer(sasl_service_t *service, char const *line);
/* A fact of the success record, or NULL. */
char const *sasl_service_fact(sasl_service_t const *service, char const *name);
/* Closes and wipes. */
void sasl_service_close(sasl_service_t *service);

/* Reads the service's answer, a line without its end: the result, and *text, which lies in line.
   What is no answer is SASL_TEMPORARY. A pure parser. */
sasl_result_t sasl_answer_parse(char const *line, char const **text);
/* The reason word after NO; NULL for a challenge or a success. */
char const *sasl_result_word(sasl_result_t result);

/* ---- the mechanisms, as state machines ---------------------------------------------------------
 *
 * Both sides are given the other side's messages, decoded, and say what comes next. They do no I/O,
 * and what they need of chance or of a database is handed to them. */

typedef enum sasl_step {
  SASL_STEP_SEND,     /* out is for the other side, whose answer is the next input */
  SASL_STEP_WAIT,     /* client: nothing to say before the server's first message */
  SASL_STEP_PASSWORD, /* server: are name and secret, a password, right? */
  SASL_STEP_DIGEST,   /* server: is secret the digest, in hex, of challenge and name's password? */
  SASL_STEP_TOKEN,    /* server: is secret a token of name's? name may be "" */
  SASL_STEP_VERIFIER, /* server: hand name's verifier to sasl_server_verify */
  SASL_STEP_CERTIFICATE, /* server: is the client's certificate name's? "": anyone's? */
  SASL_STEP_PROVEN,      /* the end: the other side knows the secret */
  SASL_STEP_FAILED,      /* the end: it does not, or may not; why says more, for a log */
  SASL_STEP_MALFORMED    /* the end: that was no message of this mechanism */
} sasl_step_t;

/* What a message is built from; all of it must outlive the exchange. */
typedef struct sasl_server_settings {
  char const *nonce;     /* ours, SCRAM: printable without comma, at most 64, new and random */
  char const *challenge; /* CRAM-MD5's: "<...@host>", at most 255 bytes, new */
  unsigned char const *end_point; /* data of the channel binding tls-server-end-point, or NULL */
  size_t end_point_len;           /* at most 64 */
  bool plus_offered; /* this client was offered -PLUS: who says it was not has been lied to */
} sasl_server_settings_t;

#define SASL_OUT_MAX       1024 /* bytes of a server's message */
#define SASL_SCRAM_KEY_MAX 32
#define SASL_SALT_MAX      64

/* A stored verifier (RFC 5802, section 3). */
typedef struct sasl_verifier {
  bool known; /* false: a made-up one, which nobody's proof fits */
  uint32_t iterations;
  unsigned char const *salt;
  size_t salt_len; /* at most SASL_SALT_MAX */
  unsigned char const *stored_key, *server_key;
} sasl_verifier_t;

typedef struct sasl_scram {
  size_t bare_len, header_len, first_len, nonce_len;
  char bare[1280];  /* client-first-message-bare */
  char header[840]; /* gs2-header */
  char first[512];  /* server-first-message */
  char nonce[384];  /* both parts */
  unsigned char stored_key[SASL_SCRAM_KEY_MAX], server_key[SASL_SCRAM_KEY_MAX];
  bool known;
} sasl_scram_t;

typedef struct sasl_server {
  sasl_mechanism_t mechanism;
  sasl_server_settings_t settings;
  unsigned int stage;
  char const *why;
  char name[SASL_NAME_MAX + 1], authzid[SASL_NAME_MAX + 1]; /* authzid: "" for none */
  size_t secret_len, out_len;
  char secret[SASL_MESSAGE_MAX + 1]; /* ends in a NUL and has no other */
  char out[SASL_OUT_MAX];
  sasl_scram_t scram;
} sasl_server_t;

void sasl_server_init(sasl_server_t *server, sasl_mechanism_t mechanism,
                      sasl_server_settings_t const *settings);
/* Takes the client's message; NULL as the first one: it sent no initial response. */
sasl_step_t sasl_server_step(sasl_server_t *server, char const *message, size_t len);
/* After SASL_STEP_VERIFIER. */
sasl_step_t sasl_server_verify(sasl_server_t *server, sasl_verifier_t const *verifier);
/* After SASL_STEP_PASSWORD, _DIGEST, _TOKEN or _CERTIFICATE, if the answer is no. A mechanism may
   have something to say to that before it fails (RFC 7628, section 3.2.2). */
sasl_step_t sasl_server_refuse(sasl_server_t *server);
/* True if the client asks for no other identity than its own: none, or, ASCII case aside, name. */
bool sasl_server_is_own(sasl_server_t const *server);
void sasl_server_wipe(sasl_server_t *server);

/* Who a client is; all of it must outlive the exchange. */
typedef struct sasl_credentials {
  char const *name, *authzid; /* authzid: "" or NULL for none; at most SASL_NAME_MAX bytes each */
  char const *secret;         /* password or token */
  char const *nonce;          /* SCRAM: as above */
  unsigned char const *end_point;
  size_t end_point_len;
  bool plus_offered; /* the server offers -PLUS with the same hash */
} sasl_credentials_t;

typedef struct sasl_client {
  sasl_mechanism_t mechanism;
  sasl_credentials_t credentials;
  unsigned int stage;
  size_t out_len;
  char out[SASL_MESSAGE_MAX];
  sasl_scram_t scram;
} sasl_client_t;

void sasl_client_init(sasl_client_t *client, sasl_mechanism_t mechanism,
                      sasl_credentials_t const *credentials);
/* Takes the server's challenge; NULL at first: out is the initial response, or SASL_STEP_WAIT.
   SASL_STEP_FAILED: the server has refused, has not proven itself, or asks for what is not safe
   (SCRAM: fewer than 4,096 iterations, or more than SASL_ITERATIONS_MAX); SASL_STEP_MALFORMED also
   if the credentials cannot be said in this mechanism. */
sasl_step_t sasl_client_step(sasl_client_t *client, char const *challenge, size_t len);
/* False if a success that the server announces now must not be believed: in SCRAM it has to prove
   that it knows the verifier. */
bool sasl_client_trusts(sasl_client_t const *client);
void sasl_client_wipe(sasl_client_t *client);

#define SASL_ITERATIONS_MIN 4096
#define SASL_ITERATIONS_MAX 1000000

/* True if s may be a name or a password: well-formed UTF-8, not empty, without control characters.
   No SASLprep: what passes is compared as it is. */
bool sasl_text_valid(char const *s, size_t len);

/* ---- the auth service, its own side --------------------------------------------------------- */

/* What a front asks for: AUTH mechanism [initial], or APOP timestamp name digest. */
typedef struct sasl_request {
  bool apop;
  char *mechanism, *initial; /* initial: NULL if there is none */
  char *timestamp, *name, *digest;
} sasl_request_t;

/* Takes a line apart in place; words are parted by single blanks. 0, or -1 with EINVAL. */
int sasl_request_parse(sasl_request_t *request, char *line);

/* The success record that sasl-ok(8) writes and sasl-auth(8) reads: NUL "sasl-ok " token NUL, then
   NAME=value NUL for each fact, then NUL. */
#define SASL_TOKEN_SIZE 32   /* characters */
#define SASL_RECORD_MAX 7800 /* bytes */

/* Writes a record of these facts, NAME=value strings up to a NULL, to SASL_RECORD_MAX bytes. Its
   length; 0 with errno: EINVAL (a value with control characters, or no UTF-8) or E2BIG. */
size_t sasl_record_format(char *record, char const *token, char const *const *facts);
/* True if bytes are one whole record with this token, and nothing else; *facts is then the first of
   the strings, of which the last is empty. */
bool sasl_record_parse(char const *bytes, size_t len, char const *token, char const **facts);

#endif
