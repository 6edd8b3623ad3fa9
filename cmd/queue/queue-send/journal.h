/* journal: the log of an entry, state/<name>, as an attempt adds to it. Records are gathered and
 * written together. What could not be written goes with the entry, which is not tried again before
 * it is: it would be delivered once more to all those who have got it. */
#ifndef CHAINMAIL_QUEUE_SEND_JOURNAL_H
#define CHAINMAIL_QUEUE_SEND_JOURNAL_H

#include <skalibs/stralloc.h>

#include "send.h"

/* What the records of an attempt tell of. */
typedef enum journal_worth {
  JOURNAL_NOTHING, /* there are none */
  JOURNAL_FAILURES,
  JOURNAL_RESULTS /* more than failures: they are worth a sync */
} journal_worth_t;

/* Of one attempt. */
typedef struct journal {
  stralloc records;      /* not written yet */
  journal_worth_t worth; /* of those, and of those that were */
  bool unwritable;       /* when they were to be written that failed */
  bool lost;             /* there was no memory for one of them */
  bool logged;           /* there is a file state/<name> */
} journal_t;

void journal_add(attempt_t *attempt, queue_record_t const *record);
/* Writes the records down if there are more than should be in memory. */
void journal_spill(attempt_t *attempt);
/* Writes them down. A record that is lost then costs a delivery done twice, so what was achieved is
   synced. */
void journal_commit(attempt_t *attempt);
/* The attempt is over, and its entry tried again at that time. */
void journal_end(attempt_t *attempt, uint64_t next);
/* Brings the log, and what is known of it, up to what was done. 0, or -1: a record is lost. */
int journal_reread(attempt_t *attempt);
/* Puts an order (queue_order) into it. 0, or -1 with errno. */
int journal_order(attempt_t *attempt, queue_what_t order, char const *reason);
/* Its entry is to be removed: what is not written need not be. */
void journal_discard(attempt_t *attempt);
/* The attempt goes: what is not written stays with its entry. */
void journal_free(attempt_t *attempt);

/* Writes what the attempt before could not. False: the entry waits. */
bool journal_write_kept(item_t *item);
/* At the end of the program, for all entries. */
void journal_write_all_kept(void);

#endif
