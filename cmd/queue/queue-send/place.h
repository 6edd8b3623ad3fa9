/* place: where entries wait until something can be done for them. By their priority, and for each
 * of those in two lists that take turns, for a backlog and for what came in while we ran. */
#ifndef CHAINMAIL_QUEUE_SEND_PLACE_H
#define CHAINMAIL_QUEUE_SEND_PLACE_H

#include "send.h"

typedef struct item_list {
  item_t *first, *last;
  place_t *place; /* that it is of */
} item_list_t;

struct place {
  item_list_t lists[QUEUE_PRIORITIES][2];
  size_t count; /* entries in all of them */
  unsigned turns;
  bool turn;
  uint64_t moved;             /* when something was last done here, by a count of all such events */
  destination_t *destination; /* NULL: a worker's */
  worker_t *worker;
};

void place_append(place_t *place, item_t *item);
/* Takes the next one out. NULL: there is none. */
item_t *place_take(place_t *place);
/* Takes this one out of where it waits. */
void place_remove(item_t *item);

#endif
