/* What all files of queue-send use: its settings, and its two clocks. The files, from below:
 *
 *   setup        options, settings, the queue's folders, its lock
 *   place        where entries wait until something can be done for them
 *   index        every entry of the queue as a small record, by name and by when it is due
 *   scan         how entries become known that nobody told of: by reading the queue's folders
 *   trigger      how those do that their injectors tell of
 *   entry        an entry's file: opened, removed, set aside
 *   journal      its log, which an attempt adds to
 *   due          when it is tried, when it expires
 *   attempt      one entry, open while it is attempted: its recipients, its outcome
 *   recipient    one recipient of an attempt: a job for each of its targets
 *   outcome      what the log is given about it
 *   job          one delivery
 *   lane, group  jobs that wait for their deliverer
 *   outage       a destination that is down, and when it may be tried again
 *   destination  what jobs are for, and entries wait for
 *   channel      how the routes' channels are served
 *   share        how the deliverers share the attempts that may be open
 *   worker       one deliverer, and the jobs that it has
 *   pool         all of them
 *   notice       bounces, and what else the sender is told
 *   control      what administrators want: their clients, what they order (order), what they are
 *                told (survey)
 *   report       log lines */
#ifndef CHAINMAIL_QUEUE_SEND_H
#define CHAINMAIL_QUEUE_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "queue/queue.h"

#define SECOND UINT64_C(1000000) /* times are in microseconds */
#define NEVER  UINT64_MAX

typedef struct attempt attempt_t;
typedef struct channel channel_t;
typedef struct destination destination_t;
typedef struct group group_t;
typedef struct item item_t;
typedef struct job job_t;
typedef struct place place_t;
typedef struct recipient recipient_t;
typedef struct worker worker_t;

/* The queue's folders, and what was asked for. */
typedef struct settings {
  char const *queue;
  int new_fd, state_fd, bad_fd, tmp_fd;
  uid_t const *owners; /* ended by (uid_t)-1 */
  char const *routes;  /* path of the table, NULL: the usual one */
  uint64_t lifetime;
  queue_schedule_t schedule;     /* of tries */
  uint64_t delay_notice;         /* age at which a delay is told, 0: never */
  uint64_t backoff, backoff_max; /* pauses before a destination that is down is tried again */
  uint64_t started;              /* when we did */
  uint64_t stop_time;            /* that deliverers have for what they do when we are to stop */
  unsigned notify_fd;            /* who is told there that we are ready; 0: nobody */
} settings_t;

extern settings_t settings;

uint64_t time_now(void);  /* since the epoch, for what is written down */
uint64_t clock_now(void); /* for waiting: no one sets this clock, and it goes on in suspension */
/* How far the wall clock was set since this was called last, in microseconds, by which all times of
   waiting that were made of time_now before are wrong; 0: less than a second. */
int64_t clock_look(void);
/* What time_now said then, while we ran, as the wall clock of now would have it: one that was set
   forward makes nothing older than it is. */
uint64_t time_of_now(uint64_t then);
uint64_t time_earlier(uint64_t a, uint64_t b);
uint64_t time_until(uint64_t then, uint64_t now); /* 0 if that is over */
/* When the entry of this name, or id, came in; now if that is yet to come: the clock was set back.
 */
uint64_t entry_born(char const *name, uint64_t now);

#endif
