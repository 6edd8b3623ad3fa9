/* worker: one deliverer, a process of ours or a service, and the jobs that it has. */
#ifndef CHAINMAIL_QUEUE_SEND_WORKER_H
#define CHAINMAIL_QUEUE_SEND_WORKER_H

#include "lane.h"
#include "place.h"
#include "send.h"
#include "worker/worker.h"

struct worker {
  channel_t const *channel;
  unsigned number; /* among all */
  int socket;      /* -1: not connected */
  pid_t pid;       /* 0: a service, or it has ended */
  size_t attempts; /* that have jobs here which are not done */
  size_t waiting;  /* jobs that are not given */
  size_t groups;   /* given */
  group_t *giving; /* one that is given in part */
  rota_t rota;     /* of lanes that have a group to give */
  job_t **given;   /* by the low part of their number */
  size_t given_count;
  size_t slot;       /* where a free one is looked for */
  uint64_t deadline; /* when it counts as hanging, or may be started again */
  uint64_t send;     /* when sending is tried again */
  unsigned failures; /* in a row */
  place_t place;     /* entries that wait for it */
  worker_output_t output;
  worker_input_t input;
};

/* 0, or -1: no memory. */
int worker_init(worker_t *worker, channel_t const *channel, unsigned number);
/* Does what can be done now: starts it if it has jobs, ends it if it hangs, gives out jobs. */
void worker_run(worker_t *worker);
/* None gives out jobs any more. */
void workers_stop(void);
/* When worker_run must be called even if nothing happens. */
uint64_t worker_deadline(worker_t const *worker);
/* So many jobs that workers had, or would have had, have come to an end. */
uint64_t worker_jobs_ended(void);
/* What to poll its socket for. */
short worker_events(worker_t const *worker);
void worker_take_results(worker_t *worker);
/* Its process ended. */
void worker_ended(worker_t *worker, int wait_status);
/* How long it may take for an answer. */
uint64_t worker_patience(worker_t const *worker);
/* At the end of the program: what it has not done it never will. */
void worker_abandon(worker_t const *worker);

/* Groups that it may have given at one time. */
size_t worker_concurrency(worker_t const *worker);

#endif
