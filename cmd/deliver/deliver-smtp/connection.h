/* A connection's insides, for the files that serve it: opening.c until it is ready, transaction.c
 * while it delivers, connection.c for all the rest. */
#ifndef DELIVER_SMTP_CONNECTION_H
#define DELIVER_SMTP_CONNECTION_H

#include "deliver-smtp.h"

#define WHERE_MAX (DNS_NAME_MAX + IP46_FMT + 3)

typedef enum phase { OPENING, IDLE, DELIVERING, QUITTING, PHASES } phase_t;

struct connection {
  connection_t *next;
  destination_t *destination;
  phase_t phase;
  size_t address;
  bool tried[MX_ADDRESSES_MAX];
  char where[WHERE_MAX]; /* "mx.example[192.0.2.1]" */
  security_t security;
  relay_t *relay;
  struct pollfd *poll;
  uint64_t idle_end;     /* while it is idle */
  uint64_t due;          /* when a step is to be made if nothing happens */
  uint64_t fair;         /* until then the host takes no longer than others have to wait for it */
  unsigned int messages; /* that went over it */
  delivery_t *delivery;
  relay_transaction_t transaction;
  smtp_by_t by;
  relay_recipient_t *recipients;
};

/* ---- opening.c ---- */

/* Goes through the addresses until a session begins. When there is none left the connection is
   freed, and the last one of a destination takes its deliveries with it. */
void opening_try(connection_t *connection, uint64_t now);
/* The session has ended before it was ready: tries the next address. */
void opening_failed(connection_t *connection, uint64_t now);
/* The host is not waited for any longer, since others wait. */
void opening_cut_short(connection_t *connection, uint64_t now);
#define TOO_SLOW "not done soon enough, while too many other hosts are waited for"
/* The session is ready. */
void opening_done(connection_t *connection);

/* ---- transaction.c ---- */

/* Begins the next delivery that waits; with none there the connection is idle, or quits. */
void transaction_next(connection_t *connection, uint64_t now);
/* Answers the jobs of the delivery that is over. */
void transaction_finish(connection_t *connection, relay_state_t state);

/* ---- connection.c ---- */

/* From now on it is no connection that deliveries could wait for. */
void connection_quit(connection_t *connection, uint64_t now);
void connection_free(connection_t *connection);
/* Appends to a text what still fits. */
void verdict_add(chain_verdict_t *verdict, char const *s);

#endif
