/* A connection's insides, for the files that serve it: opening.c until it is ready, transaction.c
 * while it delivers, patience.c when others wait for too long, connections.c for all the rest. */
#ifndef DELIVER_LMTP_CONNECTION_H
#define DELIVER_LMTP_CONNECTION_H

#include "deliver.h"

typedef enum phase { OPENING, IDLE, DELIVERING, QUITTING, PHASES } phase_t;

typedef struct connection {
  char *server; /* NULL: not in use */
  phase_t phase;
  relay_dial_t dial;
  relay_t *relay;      /* NULL: the address is being looked up */
  uint64_t idle_end;   /* while it is idle */
  uint64_t alone_till; /* the server has refused another one */
  uint64_t fair;       /* until then it takes no longer than others have to wait for it */
  uint64_t heard;      /* when the server had the message, or answered for a recipient last; or 0 */
  bool was_used;       /* a transaction went over it */
  size_t poll_at, poll_count; /* its name servers' sockets */
  size_t count;               /* recipients of the transaction */
  job_t *jobs[BATCH_MAX];
  relay_recipient_t recipients[BATCH_MAX];
  queue_entry_t entry;
  relay_transaction_t transaction;
} connection_t;

extern connection_t connections[CONNECTIONS_MAX];

#define EACH_CONNECTION(connection)                                                                \
  connection_t *connection = connections;                                                          \
  (connection) < connections + settings.connections;                                               \
  (connection)++

/* ---- connections.c ---- */

void connection_step(connection_t *connection, uint64_t now);
void connection_close(connection_t *connection);
bool connection_serves(connection_t const *connection, char const *server);
/* It was ready for a transaction once. */
bool connection_is_ready(connection_t const *connection);

/* ---- opening.c ---- */

/* Begins a connection in a place that is not in use; what comes of it is connection_step's. */
void opening_begin(connection_t *connection, char const *server, uint64_t now);
/* Goes on with what the name servers have said. */
void opening_dial(connection_t *connection, uint64_t now);
/* The session has ended before it was ready: tries the next address. If there is none left, what
   waits for the server is answered, unless other connections serve it. */
void opening_failed(connection_t *connection, uint64_t now);
/* The same where the server is not waited for any longer. */
void opening_cut_short(connection_t *connection, uint64_t now);
#define TOO_SLOW "not done soon enough, while others wait"

/* ---- transaction.c ---- */

void verdict_set(chain_verdict_t *verdict, char const *enhanced, char const *text,
                 char const *what);
/* Takes what is to go with this job out of the waiting ones, and begins. */
void transaction_start(connection_t *connection, job_t const *like, uint64_t now);
/* Tells what the server has said of recipients so far: it answers for each by itself, and one may
   have it wait. */
void transaction_answer(connection_t *connection, uint64_t now);
/* Tells the rest. */
void transaction_finish(connection_t *connection, relay_state_t state, uint64_t now);
/* The job whose recipient the server is to answer for next, in a transaction that was heard. */
job_t const *transaction_waits_for(connection_t const *connection);

/* ---- patience.c: who has others wait ---- */

/* A transaction with this job leaves some of the server's connections to other recipients. */
bool mailbox_has_room(job_t const *job);
/* The server has answered for this recipient, or has not, though it had the message: then it is
   left alone for a while. */
void mailbox_answered(job_t const *job);
void mailbox_failed(job_t const *job, uint64_t now);
/* Answers jobs that wait for such recipients. */
void mailboxes_refuse(uint64_t now);
/* Ends one of those that take too long, if others wait: for a server, or, starved, for any
   connection. False: there is none. */
bool patience_cut(bool starved, uint64_t now);
/* When that may be so for this one, if it was not when it was passed last; UINT64_MAX: never. */
uint64_t patience_end(connection_t const *connection, uint64_t passed);

#endif
