/* deliver-smtp: see deliver-smtp(8).
 *
 * Jobs of one message for one destination are a delivery. A destination finds its addresses, and
 * opens connections as long as deliveries wait; a connection takes one after the other. */
#ifndef DELIVER_SMTP_H
#define DELIVER_SMTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/ip46.h>

#include "chain/chain.h"
#include "delivery/delivery.h"
#include "mx/mx.h"
#include "queue/queue.h"
#include "relay/relay.h"
#include "remote/remote.h"
#include "worker/worker.h"

#define SMTP_PORT     25
#define JOBS_MAX      1024 /* in hand: all that queue-send gives to one of us */
#define RESOLVERS_MAX 128  /* destinations whose addresses are looked for at one time */

typedef struct settings {
  char const *helo;
  ip46 sources[2]; /* IPv4, IPv6 */
  bool has_source[2];
  uint16_t port;
  char const *networks; /* of our own addresses */
  char const *policies, *logins, *anchors;
  unsigned int per_destination, in_all; /* connections */
  unsigned int idle;                    /* milliseconds that a connection is kept */
  unsigned int opening;                 /* that a host may take when too many take long */
  unsigned int messages;                /* of a connection */
  unsigned int recipients;              /* of a transaction */
  unsigned int patience[RELAY_PATIENCES];
} settings_t;

extern settings_t settings;

/* ---- job.c: what is to be delivered, and what became of it ---- */

/* A queue entry, as long as jobs are about it. */
typedef struct message {
  struct message *next;
  size_t users;
  queue_entry_t entry;
  dsn_asked_t *asked; /* what its recipients asked for */
  size_t asked_count;
  char *sender;
} message_t;

typedef struct job {
  struct job *next;
  uint64_t number;
  delivery_wishes_t wishes; /* in the message's entry, or behind recipient */
  char recipient[];
} job_t;

typedef struct delivery {
  struct delivery *next;
  message_t *message;
  size_t count;
  job_t *jobs, **end;
  bool repeated; /* it was on a connection that turned out to be gone */
} delivery_t;

/* Jobs in hand. */
extern size_t jobs_count;

/* Takes the jobs that are at hand to their destinations. False: there will be none any more. */
bool jobs_take(void);

delivery_t *delivery_new(message_t *message);
void delivery_add(delivery_t *delivery, job_t *job);
job_t *delivery_shift(delivery_t *delivery);
/* Its jobs are gone, or answered. */
void delivery_free(delivery_t *delivery);
/* Answers all of its jobs, and frees it. */
void delivery_fail(delivery_t *delivery, chain_verdict_t const *verdict);

/* The verdict on what there is no memory for. */
extern chain_verdict_t const no_memory;

/* Answers a job, and frees it. */
void job_report(job_t *job, chain_verdict_t const *verdict);
/* Sends the answers that were given. */
void jobs_flush(void);

/* ---- tables.c: TLS policies and logins ---- */

typedef struct tables {
  size_t users;
  remote_policies_t *policies;
  remote_logins_t *logins;
} tables_t;

/* Reads them at the start, or dies. */
void tables_init(void);
/* Those of now, read again if the files changed. */
tables_t *tables_use(void);
void tables_release(tables_t *tables);
/* The certificates of authorities. NULL with errno. */
tls_anchors_t const *tables_anchors(void);

/* ---- destination.c ---- */

typedef struct destination destination_t;
typedef struct connection connection_t;

typedef enum destination_state {
  DESTINATION_NEW,
  DESTINATION_FINDING,
  DESTINATION_FOUND
} destination_state_t;

#define AVOIDED_MS 60000 /* an address that has failed is the last choice for so long */
#define FULL_MS    60000 /* and no further connection is tried where one was refused */

/* What is known of an address of the list. */
typedef struct experience {
  uint64_t failed; /* when; 0: it has not */
  bool clear;      /* TLS does not work there */
} experience_t;

struct destination {
  destination_t *next;
  destination_state_t state;
  tables_t *tables;
  mx_destination_t place;
  dns_resolver_t *resolver;
  size_t poll_count;
  struct pollfd *poll;
  uint64_t seed, found;
  mx_list_t list;
  experience_t experience[MX_ADDRESSES_MAX];
  delivery_t *first; /* those that wait */
  delivery_t *last;
  size_t waiting;
  size_t connections, opening, quitting; /* of all of them, those that are */
  uint64_t full; /* when it took no connection more than it had; 0: it has not said so */
  bool has_failure;
  chain_verdict_t failure; /* of its addresses so far */
  char name[];
};

extern destination_t *destinations;

/* The one of this name. NULL with errno, EINVAL: it is no destination. */
destination_t *destination_of(char const *name);
/* Adds a job of message (which counts it) to the delivery that waits, or to a new one. */
int destination_add(destination_t *destination, message_t *message, job_t *job);
/* The next delivery, of limit recipients at most; NULL: none waits. */
delivery_t *destination_take(destination_t *destination, size_t limit);
/* Puts one back in front of the others. */
void destination_return(destination_t *destination, delivery_t *delivery);
/* No address can be reached: its deliveries fail. */
void destination_fail(destination_t *destination, chain_verdict_t const *verdict);
/* Keeps what an address failed with: where one is bad for now, all that fail are. */
void destination_note(destination_t *destination, chain_verdict_t const *verdict);
/* Some destination has deliveries that wait and no connection. */
bool destinations_starve(void);
/* Looks for addresses and opens connections. */
void destinations_step(uint64_t now);
/* Fills in what is to be polled, at most RESOLVERS_MAX * DNS_SOCKETS_MAX; lowers *deadline. */
size_t destinations_wait(struct pollfd *polls, uint64_t now, uint64_t *deadline);
/* Those that have nothing to do any more go; which of their addresses fail is remembered of some.
 */
void destinations_sweep(uint64_t now);

/* ---- security.c ---- */

/* How a host is to be spoken to. It points into itself, the tables and the list. */
typedef struct security {
  remote_level_t level;
  relay_settings_t relay;
  tls_client_settings_t tls;
  relay_login_t login;
  char const *names[TLS_NAMES_MAX];
} security_t;

/* Decides how safe a connection to this host of destination must be. 0, or -1 and why. */
int security_choose(security_t *security, destination_t const *destination,
                    mx_address_t const *address, chain_verdict_t *why);

/* True if a connection that one of them decided on can serve the other: the same safety, for
   whoever the host is, and nobody logs in. */
bool security_fits(security_t const *security, security_t const *other);

/* ---- connection.c, and what belongs to it: connection.h ---- */

extern connection_t *connections;
extern size_t connections_count;

/* Opens a connection to the first of the addresses that takes one. If none does, the destination
   fails unless there are other connections. */
void connection_open(destination_t *destination, uint64_t now);
/* Makes room for one more, if need be by ending one that is idle. False: all are in use. */
bool connection_room(void);
/* Takes over an idle connection that another destination has to one of this one's first hosts, and
   gives it what waits. False: there is none. */
bool connection_adopt(destination_t *destination, uint64_t now);
/* Gives the idle connections of a destination what waits there. */
void connections_feed(destination_t *destination, uint64_t now);
size_t connections_wait(struct pollfd *polls, uint64_t now, uint64_t *deadline);
void connections_step(uint64_t now);
/* Nothing more will be delivered. */
void connections_quit(uint64_t now);

#endif
