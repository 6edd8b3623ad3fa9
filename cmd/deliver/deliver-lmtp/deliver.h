/* deliver-lmtp's parts: jobs that wait, connections that serve them (connection.h: their insides).
 */
#ifndef DELIVER_LMTP_H
#define DELIVER_LMTP_H

#include "delivery/delivery.h"
#include "queue/queue.h"
#include "relay/relay.h"
#include "worker/worker.h"

#define JOBS_MAX        1024 /* in hand: all that queue-send gives to one of us */
#define CONNECTIONS_MAX 200
#define BATCH_MAX       64 /* recipients of one transaction */

typedef struct settings {
  size_t connections, per_server;
  uint64_t idle;    /* milliseconds that a connection is kept, */
  uint64_t opening; /* and that a server may take to be ready, where others wait */
  char const *name;
  unsigned int patience[RELAY_PATIENCES];
} settings_t;

extern settings_t settings;

/* ---- jobs.c ---- */

typedef struct job {
  struct job *next;
  uint64_t number;
  uint64_t mailbox; /* a hash of server and recipient */
  int fd;
  bool expanded;
  bool repeated; /* it was on a connection that turned out to be gone */
  bool answered;
  char const *sender, *recipient, *server, *id, *original; /* in strings */
  char strings[];
} job_t;

/* Waiting jobs, oldest first. */
extern job_t *jobs;

/* Takes all jobs that are at hand, as long as there is room for them. False when the other side has
   closed. */
bool jobs_take(void);
/* There is room: the socket is to be looked at. */
bool jobs_wanted(void);
/* Takes up to max jobs for this transaction out of the waiting ones: those with like's entry,
   sender and server that may go, of which like is one. Returns how many. */
size_t jobs_pick(job_t **picked, size_t max, job_t const *like, bool (*may_go)(job_t const *));
/* Puts jobs that were picked back before all others, in their order. */
void jobs_return(job_t *const *picked, size_t n);
/* Answers a job that was picked, and closes its descriptor: there is room for another one. */
void job_report(job_t *job, chain_verdict_t const *verdict);
/* The same, and frees it. */
void job_answer(job_t *job, chain_verdict_t const *verdict);
/* The same for one that waits. */
void job_refuse(job_t *job, chain_verdict_t const *verdict);
/* Answers all waiting jobs of this server. */
void jobs_answer_all(char const *server, chain_verdict_t const *verdict);

/* ---- connections.c, and what belongs to it ---- */

/* Gives waiting jobs to idle connections, and opens new ones for the others; ends what has them
   wait for too long. */
void connections_dispatch(uint64_t now);
/* Fills in what is to be polled, at most CONNECTIONS_POLL of them, and lowers *deadline to the time
   at which connections_step is to be called. Returns their number. */
#define CONNECTIONS_POLL (CONNECTIONS_MAX * DNS_SOCKETS_MAX)
size_t connections_wait(struct pollfd *fds, uint64_t *deadline, uint64_t now);
void connections_step(struct pollfd const *fds, uint64_t now);
/* A transaction is under way. */
bool connections_are_busy(void);

#endif
