/* index: every entry of the queue that is known, by its name and by when it is due. */
#ifndef CHAINMAIL_QUEUE_SEND_INDEX_H
#define CHAINMAIL_QUEUE_SEND_INDEX_H

#include <skalibs/stralloc.h>

#include "place.h"

typedef enum item_state {
  ITEM_READY,   /* in the list of those that go next */
  ITEM_WAITING, /* in the heap */
  ITEM_PARKED,  /* in a place, and in the heap */
  ITEM_HELD,    /* in none: an administrator has to release it */
  ITEM_ACTIVE   /* being attempted */
} item_state_t;

/* What is known of it before it is opened. */
typedef enum item_stage {
  ITEM_FOUND,    /* by a scan: its checksum is not known to be right */
  ITEM_FRESH,    /* its injector told of it, while we ran: it was never attempted, and has no log */
  ITEM_OLD,      /* neither */
  ITEM_DELIVERED /* only its removal is left to do */
} item_stage_t;

/* How much of it is tried at its turn; each is more than the one before. */
typedef enum item_urge {
  ITEM_WHEN_DUE, /* what is due, by its log */
  ITEM_EARLY,    /* it was parked: what waited for that, too */
  ITEM_FORCED,   /* all, whatever its log says */
  ITEM_ASKED     /* for by an administrator: even if its destination is down */
} item_urge_t;

/* All that is kept in memory of an entry that waits. */
struct item {
  item_t *same_hash;
  item_t *next, *previous; /* in a list, */
  item_list_t *list;       /* this one; NULL: in none */
  stralloc *unwritten;     /* records that its log could not be given, or NULL */
  uint64_t due;   /* NEVER: nothing is left to try. Of a parked one: it has waited too long */
  uint32_t place; /* in the heap */
  uint8_t state;  /* item_state_t */
  uint8_t stage;  /* item_stage_t */
  uint8_t urge;   /* item_urge_t */
  uint8_t class;  /* of its priority; until that is known, the usual one */
  bool called;    /* from where it was parked: it goes before what comes only now */
  char name[QUEUE_NAME_SIZE + 1];
};

/* Adds an entry that is not known yet, as one that a scan found. NULL if it is known, or there is
   no memory for it. It is in no list and not in the heap. */
item_t *index_add(char const *name);
bool index_knows(char const *name);
void index_forget(item_t *item);
size_t index_ready_count(void);  /* entries that are ready, */
size_t index_called_count(void); /* and those of them that index_unpark called */
/* Where an item goes next. */
void index_ready(item_t *item);
void index_wait(item_t *item, uint64_t due);
void index_park(item_t *item, place_t *place, uint64_t due);
/* The next one that is parked there is ready. False: there is none. */
bool index_unpark(place_t *place);
void index_hold(item_t *item);
/* Takes one that is not attempted out of where it waits: it is in no list and not in the heap. */
void index_take_out(item_t *item);
item_t *index_find(char const *name); /* NULL: it is not known */
typedef void item_f(void *data, item_t const *item);
/* Calls f for the entries of one bucket, from 0 on. False: there is no such bucket. */
bool index_each(size_t bucket, item_f *f, void *data);
/* One that a scan has found just before its injector told of it goes before the backlog. */
void index_hurry(char const *name, uint64_t now);
/* The next one to attempt, or NULL; ready ones and those that are due take turns. */
item_t *index_take(uint64_t now);
/* When there will be one. */
uint64_t index_next_due(void);
/* All of this one is tried at its turn. */
void item_force(item_t *item);
/* All that wait for a retry are due now. */
void index_force(void);
/* The wall clock was set back by so much: nothing is to wait longer for that, whatever logs say. */
void index_set_back(uint64_t by);

#endif
