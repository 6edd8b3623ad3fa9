/* relay: SMTP and LMTP as a client (RFC 5321, 2033).
 *
 * A session goes over one connection: greeting, EHLO or LHLO, STARTTLS, AUTH, then one transaction
 * after the other. It never waits: its owner asks what it waits for, polls, and calls relay_step.
 *
 *   relay_t *relay = relay_start(&settings, fd, relay_now());
 *   for (state = RELAY_BUSY; state == RELAY_BUSY; state = relay_step(relay, relay_now()))
 *     wait for what relay_wait says;                       (relay_finish does these two lines)
 *   if (state == RELAY_READY) relay_transact(relay, &transaction, relay_now()); ...
 *
 * Whatever the server does, each recipient gets a verdict. SIGPIPE must be ignored. */
#ifndef CHAINMAIL_RELAY_H
#define CHAINMAIL_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/ip46.h>

#include "chain/chain.h"
#include "dns/dns.h"
#include "queue/queue.h"
#include "sasl/sasl.h"
#include "smtp/smtp.h"
#include "tls/tls.h"

/* ---- replies: a pure parser ---------------------------------------------------------------- */

#define RELAY_REPLY_LINE_MAX 4096  /* bytes of a line that is still taken for a reply's */
#define RELAY_REPLY_BYTES    65536 /* of a whole reply */

typedef enum relay_reply_status {
  RELAY_REPLY_MORE,  /* all bytes were taken, and it is not complete */
  RELAY_REPLY_WHOLE, /* code and text are there; bytes behind it were not taken */
  RELAY_REPLY_BAD    /* that is no reply, or one over the caps */
} relay_reply_status_t;

/* A reply as it comes in. Lines end in CRLF or LF. The last line's code counts; one of another
   class in the lines before makes it a bad reply (RFC 5321, 4.2.1 wants them all the same). */
typedef struct relay_reply {
  unsigned int code; /* 200 to 599 */
  size_t text_len;
  char text[CHAIN_TEXT_MAX + 1]; /* the lines' texts, joined by blanks, as much as fits. Control
                                    bytes are blanks, what is no UTF-8 is '?'; an enhanced code that
                                    every line repeats stands there once */
  /* Called with each line's text, at most RELAY_REPLY_LINE_MAX bytes with nothing replaced. */
  void (*line)(void *data, size_t index, char const *text, size_t len);
  void *data;
  size_t lines, bytes, buffered;
  bool whole;
  char buffer[RELAY_REPLY_LINE_MAX];
} relay_reply_t;

/* line may be NULL. */
void relay_reply_init(relay_reply_t *reply,
                      void (*line)(void *data, size_t index, char const *text, size_t len),
                      void *data);
/* Takes bytes up to the end of the reply; *taken says how many. After RELAY_REPLY_WHOLE the next
   call begins a new reply. */
relay_reply_status_t relay_reply_feed(relay_reply_t *reply, char const *bytes, size_t len,
                                      size_t *taken);
/* The verdict that a reply gives on what was asked: 2xx and 3xx accept, 4xx defers, 5xx rejects. */
void relay_reply_verdict(relay_reply_t const *reply, chain_verdict_t *verdict);

/* ---- what a server offers ------------------------------------------------------------------- */

typedef enum relay_extension {
  RELAY_8BITMIME,    /* RFC 6152 */
  RELAY_AUTH,        /* RFC 4954 */
  RELAY_CHUNKING,    /* RFC 3030 */
  RELAY_DELIVERBY,   /* RFC 2852 */
  RELAY_DSN,         /* RFC 3461 */
  RELAY_LIMITS,      /* RFC 9422 */
  RELAY_MT_PRIORITY, /* RFC 6710 */
  RELAY_PIPELINING,  /* RFC 2920 */
  RELAY_SIZE,        /* RFC 1870 */
  RELAY_SMTPUTF8,    /* RFC 6531 */
  RELAY_STARTTLS,    /* RFC 3207 */
  RELAY_EXTENSIONS
} relay_extension_t;

typedef struct relay_offers {
  bool has[RELAY_EXTENSIONS];
  uint64_t size;           /* of a message in bytes; 0: no limit is known */
  unsigned int mechanisms; /* of AUTH: 1u << SASL_PLAIN... */
  unsigned int mails;      /* transactions of one session; 0: no limit is known */
  unsigned int recipients; /* of one transaction; 0: no limit is known */
  uint64_t by_min;         /* seconds that it wants BY to leave it in mode R */
} relay_offers_t;

/* Takes a line of the reply to EHLO, "SIZE 1000". What it does not know it leaves out. A pure
   parser. */
void relay_offers_add(relay_offers_t *offers, char const *text, size_t len);

/* ---- sessions ------------------------------------------------------------------------------- */

typedef enum relay_protocol { RELAY_SMTP, RELAY_LMTP } relay_protocol_t;

typedef enum relay_security {
  RELAY_PLAIN,         /* no TLS, whatever is offered */
  RELAY_OPPORTUNISTIC, /* STARTTLS where it is offered. A handshake that fails ends the session
                          (relay_stage says RELAY_STAGE_TLS): there is no way back on this
                          connection, but on another one with RELAY_PLAIN */
  RELAY_REQUIRED,      /* STARTTLS, or nothing is sent */
  RELAY_IMPLICIT       /* TLS from the first byte (port 465) */
} relay_security_t;

/* How long the server may take, RFC 5321, 4.5.3.2; each of them the time to a whole reply. */
typedef enum relay_patience {
  RELAY_CONNECT,
  RELAY_GREETING,
  RELAY_HELLO, /* EHLO, HELO, LHLO, and STARTTLS */
  RELAY_HANDSHAKE,
  RELAY_LOGIN, /* each step of AUTH */
  RELAY_MAIL,  /* and RSET */
  RELAY_RCPT,
  RELAY_DATA,
  RELAY_BLOCK, /* for some thousand bytes of the message to be taken */
  RELAY_FINAL, /* from the end of the message */
  RELAY_QUIT,
  RELAY_PATIENCES
} relay_patience_t;

extern unsigned int const relay_patience[RELAY_PATIENCES]; /* seconds */

/* A login at the server. */
typedef struct relay_login {
  char const *name, *authzid; /* authzid: NULL or "" for none */
  char const *password;
  char const *mechanisms; /* that may be used, with blanks between; NULL: all with a password */
  bool clear_text;        /* the password may travel without TLS */
} relay_login_t;

/* What it points to must outlive the session; it is never written to. */
typedef struct relay_settings {
  relay_protocol_t protocol;
  char const *helo; /* our name, or a literal */
  relay_security_t security;
  tls_client_settings_t const *tls; /* who the server must be; NULL: TLS_POLICY_ANY, no names */
  relay_login_t const *login;       /* NULL: none */
  bool ignored[RELAY_EXTENSIONS];   /* not used even if they are offered */
  unsigned int const *patience;     /* RELAY_PATIENCES of them; NULL: relay_patience */
  /* Called with each command, and each reply as one line with its code; not during a login. May be
     NULL. */
  void (*trace)(bool is_reply, char const *line, size_t len);
} relay_settings_t;

typedef struct relay relay_t;

typedef enum relay_state {
  RELAY_BUSY,
  RELAY_READY, /* for a transaction, or relay_quit */
  RELAY_ENDED  /* nothing more can be done with it but relay_free */
} relay_state_t;

/* Begins a session over fd, a stream socket, non-blocking, connected or about to be (EINPROGRESS).
   fd is the session's from now on. NULL with errno (ENOMEM; EINVAL: the settings make no sense), fd
   still the caller's. */
relay_t *relay_start(relay_settings_t const *settings, int fd, uint64_t now);

/* Milliseconds of the monotonic clock; what now means everywhere here. */
uint64_t relay_now(void);

/* What it waits for: fills in poll, and returns the time when relay_step must be called in any
   case; UINT64_MAX: there is none (it is RELAY_READY). */
uint64_t relay_wait(relay_t const *relay, struct pollfd *poll);

/* Does what can be done without waiting, and what is due. To be called in RELAY_READY too, when
   poll says so: the server may say goodbye. */
relay_state_t relay_step(relay_t *relay, uint64_t now);

/* Steps and waits until it is RELAY_READY or RELAY_ENDED. */
relay_state_t relay_finish(relay_t *relay);

/* In RELAY_BUSY: the message has gone out whole, and the server has not answered yet: it may keep
   it whatever we do. */
bool relay_awaits_end(relay_t const *relay);

/* Ends the session, in whatever state, as if the server had taken too long: what has no verdict
   gets 4.4.2 and why. */
void relay_give_up(relay_t *relay, char const *why);

/* In RELAY_READY: says QUIT; the session then ends as soon as the server has answered. */
void relay_quit(relay_t *relay, uint64_t now);

/* Closes the connection, wipes its secrets. relay may be NULL. */
void relay_free(relay_t *relay);

/* How far it has come: in RELAY_ENDED, what it ended at. */
typedef enum relay_stage {
  RELAY_STAGE_CONNECT,
  RELAY_STAGE_GREETING,
  RELAY_STAGE_HELLO,
  RELAY_STAGE_TLS, /* STARTTLS, the handshake, or who the server is */
  RELAY_STAGE_LOGIN,
  RELAY_STAGE_READY, /* it was ready for a transaction at least once */
  RELAY_STAGES
} relay_stage_t;

relay_stage_t relay_stage(relay_t const *relay);
/* "greeting"... */
char const *relay_stage_name(relay_stage_t stage);

/* In RELAY_ENDED: a message had gone out whole, and the session ended at the answer to it. Unless
   that was a reply the server may have kept it. */
bool relay_message_was_sent(relay_t const *relay);

/* In RELAY_ENDED: why. A reply of the server's with its code (code is not 0), or our own words
   (code is 0): "4.4.2 the server closed the connection". After relay_quit an acceptance. */
chain_verdict_t const *relay_verdict(relay_t const *relay);

/* From RELAY_READY on. */
relay_offers_t const *relay_offers(relay_t const *relay);
/* NULL without TLS; for its report, its session, its reason. */
tls_client_t const *relay_tls(relay_t const *relay);

/* ---- transactions --------------------------------------------------------------------------- */

typedef enum relay_progress {
  RELAY_WAITING, /* at first */
  RELAY_TAKEN,   /* RCPT was accepted */
  RELAY_SKIPPED, /* it was never said to the server */
  RELAY_DECIDED
} relay_progress_t;

typedef struct relay_recipient {
  char const *address;
  char const *notify, *orcpt; /* DSN: the parameters' values as they came, or NULL */
  chain_verdict_t verdict;    /* the result */
  relay_progress_t progress;  /* the session's */
} relay_recipient_t;

/* A message on its way. It is read twice: before MAIL, to see what it needs, and then to be sent.
   It goes out with CRLF at every line's end, and at the last one that has none. What the server
   cannot take, 8-bit lines without 8BITMIME, lines of more than 998 bytes, and CR and NUL, which
   nobody may send, are encoded in quoted-printable. All that it points to must outlive the
   transaction. */
typedef struct relay_transaction {
  char const *sender;      /* "": the null sender */
  char const *ret, *envid; /* DSN: the parameters' values, or NULL */
  char const *priority;    /* MT-PRIORITY's, or NULL */
  char const *auth;        /* AUTH's, or NULL: said to a server that we have logged in at */
  smtp_by_t const *by;     /* BY, with the time that is left; or NULL */
  bool utf8;               /* the message came with SMTPUTF8: its header may need it */
  bool all_or_none; /* if one recipient is refused the message is not sent, and all get that verdict
                     */
  bool any_length;  /* the server is known to take lines of more than 998 bytes */
  char const *headers; /* lines to put on top, each ended by LF, or NULL */
  size_t headers_len;
  queue_stream_t message; /* not read yet */
  size_t count;
  relay_recipient_t *recipients;
  relay_recipient_t const *refused; /* the session's: the first one, or NULL */
} relay_transaction_t;

/* Begins one; in RELAY_READY only. relay_step is due at once. It is done, and every recipient has
   its verdict, when the session is RELAY_READY again, or RELAY_ENDED. An acceptance for which the
   server's word was not heard is a deferral: the message may then arrive twice. Of our own, without
   a code of the server's, are 5.1.3 and 5.1.7 (an address that cannot be said in a command), 5.3.3
   (BY in mode R, and the server has not got DELIVERBY), 5.3.4 (the message is larger than the
   server's SIZE), 5.4.7 (BY in mode R leaves no time, or less than the server wants), 5.6.7 (an
   address, or the header of a message with utf8, is UTF-8, and the server has not got SMTPUTF8),
   4.3.0 (the message cannot be read), 4.4.2 (the connection was lost, or the server took too long)
   and 4.5.0 (what the server said makes no sense). */
void relay_transact(relay_t *relay, relay_transaction_t *transaction, uint64_t now);

/* ---- connecting ------------------------------------------------------------------------------ */

#define RELAY_HOST_MAX 253

/* A server as routes and commands name it: unix:/path, host, host:port, [address] or
   [address]:port; an IPv6 address with or without IPv6: before it. */
typedef struct relay_server {
  bool is_unix, is_address;      /* else it is a name to be looked up */
  char host[RELAY_HOST_MAX + 1]; /* path, address without brackets, or name */
  uint16_t port;
} relay_server_t;

/* 0, or -1 with EINVAL. port: where the text has none. A pure parser. */
int relay_server_parse(relay_server_t *server, char const *text, uint16_t port);

#define RELAY_ADDRESSES_MAX 16 /* of one server that are tried */

/* On the way to a server: its addresses, and which are left to be tried. */
typedef struct relay_dial {
  relay_server_t server;
  dns_resolver_t *resolver; /* NULL: there is nothing to be asked */
  size_t count, next;
  ip46 addresses[RELAY_ADDRESSES_MAX];
} relay_dial_t;

/* Begins to look for addresses. 0, or -1 with errno (EINVAL: no name that can be asked, or no name
   servers; ENOMEM). */
int relay_dial_start(relay_dial_t *dial, relay_server_t const *server);
/* Without waiting: 1 the addresses are known, IPv6 ones first; 0 not yet, see dns_wait of
   dial->resolver; -1 with errno: ENOENT, there is no such name, or it has no address; EAGAIN, the
   DNS does not tell. */
int relay_dial_step(relay_dial_t *dial);
/* The same, waiting. 0 or -1. */
int relay_dial_finish(relay_dial_t *dial);
/* Begins to connect to the next of them: a socket for relay_start; -1 with errno, ENOENT after the
   last. */
int relay_dial_next(relay_dial_t *dial);
/* What the error of a TCP connection that did not begin is called in a verdict. */
char const *relay_port_error(int error);
/* Frees what relay_dial_start took; the addresses stay. */
void relay_dial_end(relay_dial_t *dial);

#endif
