/* A session's insides, for this folder only. */
#ifndef CHAINMAIL_RELAY_INTERNAL_H
#define CHAINMAIL_RELAY_INTERNAL_H

#include "encode.h"
#include "relay/relay.h"
#include "wire.h"

#define RELAY_COMMAND_MAX 4096  /* bytes of a line of ours */
#define RELAY_IN_SIZE     8192  /* of what the server says */
#define RELAY_OUT_SIZE    81920 /* of what it is told */
#define RELAY_READ_SIZE   16384 /* of a message that are read at once, */
#define RELAY_READ_CODED  1024  /* and if it is encoded */

/* What is waited for. */
typedef enum relay_phase {
  PHASE_CONNECT,
  PHASE_GREETING,
  PHASE_EHLO,
  PHASE_HELO,
  PHASE_STARTTLS,
  PHASE_HANDSHAKE,
  PHASE_LOGIN,
  PHASE_READY,
  PHASE_ENVELOPE, /* RSET, MAIL, RCPT... and DATA */
  PHASE_CONTENT,
  PHASE_FINAL,
  PHASE_QUIT,
  PHASE_ENDED,
  PHASES
} relay_phase_t;

/* A transaction's commands in their order, as numbers: RSET, MAIL, one RCPT for each recipient,
   DATA. Two cursors go over them: what was sent, and what was answered. */
typedef struct relay_course {
  size_t sent, answered, end;
  size_t accepted; /* recipients */
  size_t next;     /* recipient that a final reply of LMTP is for */
  bool utf8, coded, data_refused;
  relay_content_t content;
  uint64_t size; /* bytes of the message as they go over the wire, without added dots */
  uint64_t said;
  queue_stream_t stream;
  size_t headers_at;
  relay_wire_t wire;
} relay_course_t;

struct relay {
  relay_settings_t settings;
  int fd;
  bool deaf;     /* the server takes nothing more: what it still says may tell why */
  bool over;     /* nothing more comes from it */
  int error;     /* why, as errno; 0: it closed */
  bool has_more; /* could be done at once, but others are to have their turn */
  relay_state_t state;
  relay_phase_t phase;
  relay_stage_t stage;
  bool was_sent;
  uint64_t now, deadline;
  chain_verdict_t verdict;
  tls_client_t *tls;
  bool needs_reset;
  relay_offers_t offers;
  char nonce[33];
  bool is_logging_in;
  bool login_pending; /* the first message is for the first challenge, which is empty */
  relay_transaction_t *transaction;
  relay_course_t course;
  size_t in_start, in_end, out_start, out_end;
  relay_reply_t reply;
  /* Not zeroed at the start: large, and seldom all used. */
  relay_encode_t encode;
  sasl_client_t sasl;
  char in[RELAY_IN_SIZE], out[RELAY_OUT_SIZE];
};

/* ---- session.c ---- */

/* Waits for what phase says from now on. */
void relay_enter(relay_t *relay, relay_phase_t phase, relay_patience_t patience);
void relay_arm(relay_t *relay, relay_patience_t patience);
/* Ends the session; recipients without a verdict get this one. */
void relay_end(relay_t *relay, chain_verdict_t const *verdict);
/* The same with words of our own; what may be NULL. */
void relay_fail(relay_t *relay, char const *enhanced, char const *text, char const *what);
/* The same with the reply that has come: it refuses, or it makes no sense. */
void relay_refuse(relay_t *relay);
void relay_nonsense(relay_t *relay);
/* The first digit of the reply that has come. */
unsigned int relay_reply_class(relay_t const *relay);
/* Sends what there is, an alert or a goodbye, if it can be done at once. */
void relay_flush(relay_t *relay);

/* ---- hello.c: the way to a session that is ready ---- */

/* There is a connection. */
void relay_connected(relay_t *relay);
void relay_greeting_answer(relay_t *relay);
void relay_hello_answer(relay_t *relay);
void relay_starttls_answer(relay_t *relay);
/* Goes on when the handshake is over. */
void relay_check_handshake(relay_t *relay);
/* It is ready for transactions. */
void relay_ready(relay_t *relay);

/* ---- command.c: what goes out ---- */

/* Queues a command, its words up to NULL joined. There is always room for one. */
void relay_say(relay_t *relay, char const *const *words);
/* Bytes that out still has room for. */
size_t relay_room(relay_t const *relay);
void relay_say_mail(relay_t *relay);
/* The path of address, in brackets: 0, or -1 if it cannot be said. */
int relay_path(char *out, size_t size, char const *address);
void relay_say_rcpt(relay_t *relay, relay_recipient_t const *recipient);

/* ---- stream.c: bytes ---- */

/* Moves what can be moved between the socket, TLS and the buffers. True if anything was. */
bool relay_move(relay_t *relay);
/* Everything that was to be sent is in the kernel's hands. */
bool relay_is_drained(relay_t const *relay);
bool relay_has_output(relay_t const *relay);

/* ---- login.c ---- */

void relay_login_start(relay_t *relay);
void relay_login_answer(relay_t *relay);

/* ---- prepare.c ---- */

/* Looks at a transaction. False: there is nothing to be said to the server, all recipients have
   their verdict. */
bool relay_prepare(relay_t *relay);
/* Before the first byte of headers and message, and the next bytes of them. */
void relay_rewind(relay_t *relay);
ssize_t relay_read(relay_t *relay, char *buffer, size_t size);

/* ---- transaction.c ---- */

/* Commands and content, as much as there is room for. True if there was anything. */
bool relay_produce(relay_t *relay);
void relay_envelope_answer(relay_t *relay);
void relay_content_answer(relay_t *relay);
void relay_final_answer(relay_t *relay);
/* This one was refused before the message was said; the transaction knows the first of them. */
void relay_note_refused(relay_t *relay, relay_recipient_t const *recipient);
/* Recipients that have none get this verdict. */
void relay_settle(relay_transaction_t *transaction, chain_verdict_t const *verdict);

#endif
