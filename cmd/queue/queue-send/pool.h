/* What destination.c and pool.c share: where jobs wait, and for what.
 *
 * Jobs of one attempt for one destination that are at hand together are a group: they go to the
 * deliverer one behind the other, so that it can make one transaction of them. Everything that is
 * limited is counted in groups. */
#ifndef CHAINMAIL_QUEUE_SEND_POOL_H
#define CHAINMAIL_QUEUE_SEND_POOL_H

#include "send.h"

#define GROUP_MAX WORKER_BATCH_MAX /* jobs of a group */

typedef struct channel channel_t;

typedef struct group {
  struct group *next; /* of those that wait for the same destination */
  attempt_t *attempt;
  destination_t *destination;
  job_t *first, *last; /* not given yet */
  size_t count;        /* of those */
  size_t pending;      /* jobs without an outcome */
  uint64_t given;      /* when; 0: it waits */
  group_t *next_guest; /* of the attempt */
  place_t *busy;       /* where there was enough to do: it is a guest until it is given; or NULL */
  bool probe, bulk;
} group_t;

/* Groups of one class of priority that wait for one destination. */
typedef struct lane {
  struct lane *next; /* of those of a worker that may be given a group */
  destination_t *destination;
  group_t *first, *last;
  bool queued; /* in the list of its worker */
} lane_t;

/* A channel's argument that jobs, entries or a failure are known for: a Maildir, a server, a
   domain. All that is known of a destination is in memory only: after a restart each is tried anew.
 */
struct destination {
  destination_t *same_hash;
  destination_t *next_watched;
  worker_t *worker;
  uint64_t hash;
  lane_t lanes[QUEUE_PRIORITIES];
  size_t groups; /* open: waiting and given */
  size_t given;
  bool watched; /* it is down, or entries wait for it */
  bool probing;
  unsigned failures; /* in a row; 0: it is up */
  uint64_t failed;   /* when last */
  uint64_t since;    /* when first, since the epoch */
  uint64_t wake;     /* when it may be tried again */
  uint64_t delay;    /* that was waited for this */
  char *text;        /* of the failure, malloced */
  size_t holders;    /* attempts that will wait for it */
  place_t place;     /* entries that do */
  size_t parked;     /* how many */
  char argument[];
};

typedef struct lane_list {
  lane_t *first, *last;
} lane_list_t;

struct worker {
  channel_t *channel;
  unsigned number;                        /* among all */
  int socket;                             /* -1: not connected */
  pid_t pid;                              /* 0: a service */
  size_t attempts;                        /* that have jobs here which are not done */
  size_t waiting;                         /* jobs that are not given */
  size_t groups;                          /* given */
  group_t *giving;                        /* one that is given in part */
  lane_list_t ready[QUEUE_PRIORITIES][2]; /* of messages to few, and to many: they take turns */
  unsigned turns;
  job_t **given; /* by the low part of their number */
  size_t given_count;
  size_t slot;       /* where a free one is looked for */
  uint64_t deadline; /* when it counts as hanging, or may be started again */
  uint64_t send;     /* when sending is tried again */
  unsigned failures; /* in a row */
  place_t place;     /* entries that wait for it */
  worker_output_t output;
  worker_input_t input;
};

/* ---- destination.c ---- */

/* Of the job's channel and argument, made if it is not known. NULL: no memory. */
destination_t *destination_of(job_t const *job);
/* Appends a job to the group of its attempt. False: no memory. */
bool destination_put(destination_t *destination, job_t *job);
/* The next group of a worker, which is now given; NULL: none may be. room is how many jobs it may
   have. */
group_t *destination_take_group(worker_t *worker, size_t room);
/* The next waiting job of a worker, out of its group; for a worker that cannot be started. */
job_t *destination_take_job(worker_t *worker);
job_t *group_take_job(group_t *group);
/* A job of this group has its outcome; with the last one the group goes. */
void group_leave(group_t *group);
/* What a deliverer said about a job of this group. */
void destination_hear(group_t *group, chain_verdict_t const *verdict);

/* ---- pool.c ---- */

/* It has enough to do for this entry not to be begun. */
bool pool_is_busy(worker_t const *worker, item_t const *item);
/* Groups that a destination of this worker may have given at one time. */
size_t pool_destination_limit(worker_t const *worker);
char const *pool_channel_word(worker_t const *worker);
void pool_each(void (*f)(void *data, worker_t const *worker), void *data);

#endif
