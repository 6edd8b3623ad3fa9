/* What the files of deliver-pipe share. */
#ifndef CHAINMAIL_DELIVER_PIPE_H
#define CHAINMAIL_DELIVER_PIPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "delivery/delivery.h"
#include "worker/worker.h"

typedef struct settings {
  char const *routes; /* path of the table, NULL: the usual one */
  char const *home;
  char const *path;   /* PATH */
  char const *folder; /* where messages lie */
  unsigned seconds;   /* that a command may take */
  bool bare;          /* no fields on top of the message */
} settings_t;

extern settings_t settings;

/* ---- message: what a command reads ---------------------------------------------------------- */

/* Writes the entry's edited message, below the fields of this job, into a file without a name. The
   descriptor, at its beginning, or -1 with errno. */
int message_make(worker_job_t const *job, queue_entry_t const *entry);

/* ---- run: a command ------------------------------------------------------------------------- */

typedef struct run {
  pid_t pid; /* 0: none */
  uint64_t number;
  int output; /* -1 after its end */
  int64_t deadline;
  bool late; /* it was killed at its deadline */
  delivery_output_t said;
} run_t;

/* Starts the job's command. False, and verdict is set, if that is not possible. The job's
   descriptor is closed in any case. */
bool run_start(run_t *run, worker_job_t const *job, chain_verdict_t *verdict);
/* Reads what it has said, once. */
void run_read(run_t *run);
/* Kills it when its time is up. True when it has come to its end, and what the verdict is: one that
   is killed while it waits for a device may take longer than others are to wait. */
bool run_check(run_t *run, chain_verdict_t *verdict);

#endif
