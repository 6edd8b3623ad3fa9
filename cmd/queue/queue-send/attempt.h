/* attempt: one entry, open while it is attempted. */
#ifndef CHAINMAIL_QUEUE_SEND_ATTEMPT_H
#define CHAINMAIL_QUEUE_SEND_ATTEMPT_H

#include "channel.h"
#include "due.h"
#include "index.h"
#include "journal.h"
#include "send.h"

/* What has no outcome for good yet, besides what waits for a place; each is more than the one
   before. */
typedef enum attempt_left {
  ATTEMPT_NOTHING,
  ATTEMPT_DEFERRED, /* a target failed for now */
  ATTEMPT_SKIPPED   /* recipients were passed over while it was held */
} attempt_left_t;

struct attempt {
  attempt_t *next, *previous; /* of those under way */
  item_t *item;
  queue_entry_t entry;
  queue_terms_t terms;
  queue_state_t state;
  journal_t journal;
  bool early;       /* what failed by itself is not due yet */
  size_t position;  /* in the envelope */
  size_t recipient; /* index of the next one */
  size_t open;      /* recipients that were begun and not finished */
  bool begun;       /* all its recipients were */
  attempt_left_t left;
  bool failed;                     /* a target failed for good, now or earlier */
  uint64_t looked;                 /* when it was last looked for what is to be told */
  place_t *place;                  /* that a target waits for, or NULL */
  group_t *guests;                 /* groups that wait where there is enough to do */
  size_t firm;                     /* other groups, open */
  bool turning_out;                /* guests, and there are more of them */
  uint16_t groups_at[WORKERS_MAX]; /* firm ones, at each worker */
};

/* Attempts an entry; it is waited for, or forgotten, when that is over. */
void attempt_start(item_t *item);
/* A recipient of it is finished, with its record or records. */
void attempt_go_on(attempt_t *attempt);
/* Something of it waits for this place. */
void attempt_wait_for(attempt_t *attempt, place_t *place);
/* So much of it is left, or more. */
void attempt_leave(attempt_t *attempt, attempt_left_t left);
/* It goes to so many that others take turns with it. */
bool attempt_is_bulk(attempt_t const *attempt);
size_t attempts_running(void);
/* The one of an item that is active. */
attempt_t *attempt_of(item_t const *item);
/* At the end of the program: writes down what was done. */
void attempts_abandon(void);

#endif
