/* pool: all deliverers. */
#ifndef CHAINMAIL_QUEUE_SEND_POOL_H
#define CHAINMAIL_QUEUE_SEND_POOL_H

#include <poll.h>

#include "conf/conf.h"
#include "route/route.h"
#include "send.h"

/* Makes the workers of all channels. */
void pool_open(conf_t const *conf);
size_t pool_size(void); /* workers */
/* The worker that serves this target: always the same one, so that a Maildir's syncs combine, and
   one knows all that goes to a destination. */
worker_t *pool_worker(route_channel_t channel, char const *argument);
/* Jobs wait that are enough for all deliverers. */
bool pool_is_crowded(void);
/* Jobs that were given, and have no outcome. */
size_t pool_in_flight(void);
/* Starts workers that have jobs, gives out jobs, ends those that hang. */
void pool_run(void);
/* Fills polls, returns how many; pool_handle takes them back. */
size_t pool_polls(struct pollfd *polls);
void pool_handle(struct pollfd const *polls);
/* When pool_run must be called even if nothing happens. */
uint64_t pool_deadline(void);
void pool_abandon(void); /* jobs that are not done never will be */
void pool_child_ended(pid_t pid, int wait_status);
void pool_each(void (*f)(void *data, worker_t const *worker), void *data);

#endif
