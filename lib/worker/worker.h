/* worker: the protocol between queue-send and its deliverers.
 *
 * A deliverer is a long-lived process that takes jobs on fd 0, a connected unix stream socket, and
 * answers on it. queue-send either starts it itself or connects to a service (tcp-accept on a unix
 * socket) that runs it as another user. Messages arrive as read-only descriptors (SCM_RIGHTS): a
 * deliverer needs no access to the queue.
 *
 * A frame: 8 hex digits (bytes that follow), then NUL-terminated strings.
 *   job     "j" number sender recipient argument id original expanded   + the entry's descriptor
 *   result  "r" number verdict                        verdict: K, Z or D and a text
 * number is the sender's own, decimal; answers come in any order, one for each job. Jobs that are
 * at hand together travel in one message with their descriptors in the order of the frames. */
#ifndef CHAINMAIL_WORKER_H
#define CHAINMAIL_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "chain/chain.h"

#define WORKER_FRAME_MAX   8192
#define WORKER_BATCH_MAX   64 /* jobs of one message; Linux lets 253 descriptors travel together */
#define WORKER_BUFFER_SIZE 16384 /* two of the longest frames */

typedef struct worker_job {
  uint64_t number;
  char const *sender;
  char const *recipient; /* for Delivered-To */
  char const *argument;  /* the channel's: a Maildir's folder */
  char const *id;        /* the entry's, for logs */
  char const *original;  /* the recipient as the envelope has it, whose parameters hold: the routes
                            may have led from there to another one */
  bool expanded; /* the routes lead from there to several: whoever asked for a notice of success is
                    told "expanded" by queue-send, and of this one nothing more (RFC 3461 5.2.7.3).
                    In a frame "1", or "" */
  int fd;        /* the entry */
} worker_job_t;

typedef struct worker_result {
  uint64_t number;
  chain_verdict_t verdict;
} worker_result_t;

/* ---- queue-send's side: jobs out ----------------------------------------------------------- */

/* Jobs on their way to a deliverer. */
typedef struct worker_output {
  size_t len;
  size_t nfds;
  int fds[WORKER_BATCH_MAX];
  char bytes[WORKER_BUFFER_SIZE];
} worker_output_t;

void worker_output_init(worker_output_t *output);

/* Appends a job. job->fd is borrowed, and must stay open until its bytes were sent. 0, or -1 with
   EAGAIN (no room: send first) or EMSGSIZE (no frame can hold it). */
int worker_job_put(worker_output_t *output, worker_job_t const *job);

/* Sends without waiting. 0: as much as the socket took, see worker_output_pending; 1: nothing, and
   the socket will not say when it can (the system is short of memory, or of descriptors on their
   way): try later; -1 with errno (the peer is gone). */
int worker_output_send(worker_output_t *output, int socket);
bool worker_output_pending(worker_output_t const *output);

/* ---- either side: frames in ---------------------------------------------------------------- */

/* A connection's input: bytes and descriptors that came, and how much of them was taken. */
typedef struct worker_input {
  size_t start, len;
  size_t fd_start, nfds;
  int fds[2 * WORKER_BATCH_MAX];
  char bytes[WORKER_BUFFER_SIZE];
} worker_input_t;

void worker_input_init(worker_input_t *input);
/* Closes the descriptors that no one took. */
void worker_input_free(worker_input_t *input);

/* Reads once, without waiting; for use when no whole frame is left. 1 something came, 0 the peer is
   gone, -1 with errno (EAGAIN: nothing is there; EPROTO: more descriptors than jobs can have). */
int worker_input_read(worker_input_t *input, int socket);
/* The same, but waits until something is there: for a socket that blocks. */
int worker_input_wait(worker_input_t *input, int socket);

/* Takes the next whole frame; its strings are valid until the next read, its descriptor is the
   caller's. 1 taken, 0 none, -1 with EPROTO. */
int worker_job_next(worker_input_t *input, worker_job_t *job);
int worker_result_next(worker_input_t *input, worker_result_t *result);

/* Bytes of a job's strings with their NULs; of one that was taken less than WORKER_FRAME_MAX. */
size_t worker_job_size(worker_job_t const *job);
/* Copies them to memory, worker_job_size bytes, and points job to the copies: they stay. */
void worker_job_keep(worker_job_t *job, char *memory);

/* How the text of an acceptance begins that a host gave which knows nothing of DSN (RFC 3461,
   5.2.2), before a colon: who asked for a notice of success gets "relayed", from queue-send. */
#define WORKER_NO_DSN "relayed, no DSN"

/* The same of one that tells of deliveries, but knows no DELIVERBY (RFC 2852, 4.1.4.2): whoever
   wants to know what is late gets "relayed", from queue-send. */
#define WORKER_NO_DELIVERBY "relayed, no DELIVERBY"

/* The same of an LMTP server that knows DSN and was told what the sender wants: it is to tell him.
   All others deliver, and queue-send tells. */
#define WORKER_PASSED "passed, with DSN"

/* True if a result speaks of the destination (the job's argument) and not of this message: a
   failure for now with one of the codes 4.4.1 to 4.4.5 (no answer, connection lost, no DNS, no
   route, congestion), 4.7.5 (TLS as it must be is not to be had) or 4.7.8 (the server does not let
   us log in) and no reply code before it. queue-send then leaves the destination alone for a while,
   with all its messages. So a deliverer says "Z4.4.1 cannot connect to mx.example: ..." of its own
   findings, or of a greeting of 421, and puts a reply code in front of what a server said about one
   message: "Z451 4.4.1 mx.example said: ...". */
bool worker_destination_is_down(chain_verdict_t const *verdict);

/* ---- the deliverer's side: results out ------------------------------------------------------ */

#define WORKER_RESULT_MAX (CHAIN_TEXT_MAX + 64)

/* Writes a result frame to out; returns its bytes (at most WORKER_RESULT_MAX). The text is one
   line, cut at CHAIN_TEXT_MAX. */
size_t worker_result_format(char *out, uint64_t number, chain_kind_t kind, char const *text);

/* Sends frames whole, and waits where it must: for a socket that blocks. 0, or -1 with errno (the
   peer is gone). */
int worker_results_send(int socket, char const *frames, size_t len);

#endif
