/* share: how the workers share the attempts that may be open at one time. */
#ifndef CHAINMAIL_QUEUE_SEND_SHARE_H
#define CHAINMAIL_QUEUE_SEND_SHARE_H

#include "send.h"

/* So many may be open. */
void share_limit(size_t attempts);
/* One more may be opened. */
bool share_is_left(void);
/* The worker has enough to do for this attempt to go there, too. */
bool share_is_used_up(worker_t const *worker, attempt_t const *attempt);
/* A group of an attempt goes to the worker, and has gone. */
void share_take(worker_t *worker, attempt_t *attempt);
void share_give_back(worker_t *worker, attempt_t *attempt);
/* Calls entries that wait for the worker. */
void share_call_parked(worker_t *worker);

#endif
