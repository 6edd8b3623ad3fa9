/* delivery: one job, from the queue's entry to a file in a Maildir's tmp. */
#ifndef DELIVER_MAILDIR_DELIVERY_H
#define DELIVER_MAILDIR_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "chain/chain.h"
#include "delivery/delivery.h"
#include "mailbox.h"
#include "route/route.h"
#include "worker/worker.h"

typedef struct delivery_settings {
  bool full_for_good;   /* a Maildir over its quota fails for good */
  route_table_t routes; /* for their terms */
} delivery_settings_t;

extern delivery_settings_t delivery_settings;

typedef struct delivery {
  uint64_t number; /* of the job */
  mailbox_t *mailbox;
  maildir_message_t message;
  sync_file_t sync;
  bool failed; /* it has come to its end: kind and text tell */
  chain_kind_t kind;
  char text[DELIVERY_PROBLEM_SIZE];
} delivery_t;

/* Writes the message of a job, whose descriptor it takes, as the next after those from batch on:
   they count as well where a quota is looked at. The file is there, but not synced, or the delivery
   has failed. */
void delivery_start(delivery_t *delivery, delivery_t const *batch, worker_job_t const *job);

/* The delivery ends here, for errno. */
void delivery_fail(delivery_t *delivery, char const *step);

#endif
