/* lane: groups of one class of priority that wait for one destination; and a worker's rota, the
 * lanes whose turn comes there. A lane is in the rota while it has a group and its destination may
 * have one given. */
#ifndef CHAINMAIL_QUEUE_SEND_LANE_H
#define CHAINMAIL_QUEUE_SEND_LANE_H

#include "send.h"

typedef struct lane {
  struct lane *next; /* in the rota */
  destination_t *destination;
  group_t *first, *last;
  bool queued; /* it is in the rota */
} lane_t;

typedef struct lane_list {
  lane_t *first, *last;
} lane_list_t;

/* Of one class, in two lists that take turns: of messages to few, and to many. */
typedef struct rota_class {
  lane_list_t few, many;
  bool many_last;
} rota_class_t;

typedef struct rota {
  rota_class_t classes[QUEUE_PRIORITIES];
  unsigned turns;
} rota_t;

void lane_append(lane_t *lane, group_t *group);
/* Takes the first group out. The lane is not in the rota. */
group_t *lane_take(lane_t *lane);
/* Takes this group out, and the lane out of the rota. */
void lane_remove(lane_t *lane, group_t const *group);

/* Puts the lanes of a destination into its worker's rota, if they belong there. */
void rota_add(destination_t *destination);
/* Takes a lane out, if it is in. */
void rota_remove(lane_t *lane);
/* Takes out the lane whose turn it is, of those whose first group has at most so many jobs. NULL:
   there is none. */
lane_t *rota_next(rota_t *rota, size_t room);
/* Any lane of it, which stays where it is. NULL: there is none. */
lane_t *rota_any(rota_t const *rota);

#endif
