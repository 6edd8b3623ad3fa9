/* group: jobs of one attempt for one destination that are at hand together. They go to the
 * deliverer one behind the other, so that it can make one transaction of them. Everything that is
 * limited is counted in groups. */
#ifndef CHAINMAIL_QUEUE_SEND_GROUP_H
#define CHAINMAIL_QUEUE_SEND_GROUP_H

#include "send.h"
#include "worker/worker.h"

#define GROUP_MAX WORKER_BATCH_MAX /* jobs of a group */

struct group {
  group_t *next; /* in its lane */
  attempt_t *attempt;
  destination_t *destination;
  job_t *first, *last; /* not given yet */
  size_t count;        /* of those */
  size_t pending;      /* jobs without an outcome */
  uint64_t given;      /* when; 0: it waits */
  group_t *next_guest; /* of the attempt */
  place_t *busy;       /* where there was enough to do: it is a guest until it is given; or NULL */
  bool probe;          /* it is to tell whether its destination is up again */
  bool bulk;           /* of a message to many */
};

/* The one that more jobs of this attempt may join, or NULL. */
group_t *group_open(destination_t const *destination, attempt_t const *attempt);
/* Appends a job to the group of its attempt. False: no memory. */
bool group_put(destination_t *destination, job_t *job);
/* The next group of a worker, which is now given; NULL: none may be. room is how many jobs it may
   have. */
group_t *group_take(worker_t *worker, size_t room);
job_t *group_take_job(group_t *group);
/* The next waiting job of a worker, out of its group, or NULL; for a worker that cannot be started.
 */
job_t *group_take_any_job(worker_t *worker);
/* A job of this group has its outcome; with the last one the group goes. */
void group_leave(group_t *group);
/* The jobs of all groups that wait for a destination which went down have to wait. */
void groups_hold(destination_t *destination);
/* When nothing else of an attempt is under way, it does not stay open for its guests: they are
   taken back, and wait, parked. */
void guests_turn_out(attempt_t *attempt);
/* At the end of the program. */
void groups_abandon(destination_t const *destination);

#endif
