/* worker: the protocol between queue-send and its deliverers.
 *
 * A deliverer is a long-lived process that takes jobs on fd 0, a connected unix stream socket, and
 * answers on it. queue-send either starts it itself or connects to a service (tcp-accept on a unix
 * socket) that runs it as another user. Messages arrive as read-only descriptors (SCM_RIGHTS): a
 * deliverer needs no access to the queue.
 *
 * A frame: 8 hex digits (bytes that follow), then NUL-terminated strings.
 *   job     "j" number sender recipient argument id   + the entry's descriptor
 *   result  "r" number verdict                        verdict: K, Z or D and a text
 * number is the sender's own, decimal; answers come in any order, one for each job. */
#ifndef CHAINMAIL_WORKER_H
#define CHAINMAIL_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "chain/chain.h"

#define WORKER_FRAME_MAX 8192

typedef struct worker_job {
  uint64_t number;
  char const *sender;
  char const *recipient; /* for Delivered-To */
  char const *argument;  /* the channel's: a Maildir's folder */
  char const *id;        /* the entry's, for logs */
  int fd;                /* the entry */
} worker_job_t;

/* Sends one job, or reads what is at hand; both are for non-blocking sockets. 0 or 1 when done,
   -1 with errno (EAGAIN: not now; nothing was sent). */
int worker_job_send(int socket, worker_job_t const *job);

/* A connection's input: bytes and descriptors that came, and what of them is a whole frame. */
typedef struct worker_input {
  size_t len;
  char bytes[2 * WORKER_FRAME_MAX];
  int fd;            /* that came with the frame at hand, or -1 */
  size_t frame_len;  /* of the frame returned last, dropped by the next call */
} worker_input_t;

void worker_input_init(worker_input_t *input);
/* Reads once. 1 something came, 0 the peer is gone, -1 with errno (EAGAIN; EPROTO: bad frame). */
int worker_input_read(worker_input_t *input, int socket);
/* Takes the next whole frame. 1 taken, 0 none, -1 with EPROTO. */
int worker_job_next(worker_input_t *input, worker_job_t *job);

typedef struct worker_result {
  uint64_t number;
  chain_verdict_t verdict;
} worker_result_t;

int worker_result_next(worker_input_t *input, worker_result_t *result);
/* Appends a result frame to out; returns its bytes (at most WORKER_FRAME_MAX). */
size_t worker_result_format(char *out, uint64_t number, chain_kind_t kind, char const *text);

#endif
