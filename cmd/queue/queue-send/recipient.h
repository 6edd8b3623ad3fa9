/* recipient: one recipient of an attempt, who has a job for each target. */
#ifndef CHAINMAIL_QUEUE_SEND_RECIPIENT_H
#define CHAINMAIL_QUEUE_SEND_RECIPIENT_H

#include "job.h"
#include "send.h"

/* What became of other targets in earlier attempts. */
typedef enum recipient_earlier {
  EARLIER_NOTHING,
  EARLIER_REACHED,
  EARLIER_FAILED /* one of them was not reached */
} recipient_earlier_t;

struct recipient {
  attempt_t *attempt;
  size_t index;
  char const *address;
  job_t *jobs;
  size_t pending; /* jobs without an outcome */
  recipient_earlier_t earlier;
  int error; /* while its targets are collected */
};

/* It leads to several targets. */
bool recipient_is_expanded(recipient_t const *recipient);
/* One of its jobs has its outcome. */
void recipient_settle_job(recipient_t *recipient);
/* Begins the next recipient of an attempt. */
void recipient_start(attempt_t *attempt, char const *address);
/* The table of routes may have changed since it was last looked at. */
void routes_doubt(void);

#endif
