/* destination: what jobs are for: a channel's argument that jobs, entries or a failure are known
 * for, a Maildir, a server, a domain. All that is known of one is in memory only: after a restart
 * each is tried anew. */
#ifndef CHAINMAIL_QUEUE_SEND_DESTINATION_H
#define CHAINMAIL_QUEUE_SEND_DESTINATION_H

#include "chain/chain.h"
#include "lane.h"
#include "outage.h"
#include "place.h"

struct destination {
  destination_t *same_hash;
  destination_t *next_watched;
  bool watched; /* it is down, or entries wait for it */
  destination_t *next_caller;
  bool calling; /* it has called entries that may not have come yet */
  worker_t *worker;
  uint64_t hash;
  lane_t lanes[QUEUE_PRIORITIES];
  size_t groups; /* open: waiting and given */
  size_t given;
  size_t jobs;    /* of those given, without an outcome */
  size_t holders; /* attempts that will wait for it */
  place_t place;  /* entries that do */
  outage_t outage;
  char argument[];
};

typedef enum destination_answer {
  DESTINATION_TAKES, /* the job is done when its turn comes */
  DESTINATION_IS_DOWN,
  DESTINATION_NO_MEMORY
} destination_answer_t;

/* Gives a job to its destination, and the job that one's place. */
destination_answer_t destination_put(job_t *job);

/* What a deliverer said about a job of this group. */
void destination_hear(group_t const *group, chain_verdict_t const *verdict);

/* While someone holds it, a destination is not forgotten. */
void destination_hold(destination_t *destination);
void destination_release(destination_t *destination);
/* Forgets it, if nothing is known of it any more that would be missed. */
void destination_forget_idle(destination_t *destination);

/* Parks an entry until the destination can be tried again, or until it is due. */
void destination_park(destination_t *destination, item_t *item, uint64_t due);
/* Calls entries that are parked there, if it is up: as many as it has room for. */
void destination_call_parked(destination_t *destination);

/* It may have one more group given. */
bool destination_has_room(destination_t const *destination);
/* So many groups are open that this entry's have to wait. */
bool destination_is_crowded(destination_t const *destination, item_t const *item);
bool destination_is_down(destination_t const *destination);
/* Why entries wait for it. */
char const *destination_text(destination_t const *destination);
/* Microseconds until it may be tried again. */
uint64_t destination_pause(destination_t const *destination);

/* Looks after those that are down, or that entries wait for; and when it must be called even if
   nothing happens. */
void destinations_run(void);
uint64_t destinations_deadline(void);
/* All that are down may be tried now. */
void destinations_force(void);
/* At the end of the program. */
void destinations_abandon(void);
typedef void destination_f(void *data, destination_t const *destination);
/* As index_each. */
bool destinations_each(size_t bucket, destination_f *f, void *data);

#endif
