/* What the files of worker-spawn share.
 *
 *   account  as whom a job is done
 *   job      jobs in hand: they wait here, or a deliverer has them
 *   child    deliverers, and what they are given
 *   start    how one comes to be
 *   share    what one user may have while others wait
 *   suspect  which Maildirs may hang */
#ifndef CHAINMAIL_WORKER_SPAWN_H
#define CHAINMAIL_WORKER_SPAWN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/net.h"
#include "route/route.h"
#include "worker/worker.h"

#define CHILDREN_MAX 100
#define JOBS_MAX     1024 /* in hand */
#define PATIENCE     5000 /* milliseconds: who takes longer for a job is slow */

typedef struct settings {
  route_channel_t channel;
  char const *routes;           /* path of the table, NULL: the usual one */
  char const *const *argv;      /* the deliverer */
  unsigned children;            /* at one time */
  unsigned jobs;                /* so many in hand mean that there are more */
  unsigned seconds;             /* that a deliverer may say nothing while it has jobs, */
  unsigned hurried;             /* and while others wait */
  unsigned idle;                /* seconds that one stays without jobs */
  uid_t first;                  /* of those that the routes may name */
  net_identity_t const *preset; /* who delivers where the routes name nobody; NULL: nobody does */
} settings_t;

extern settings_t settings;

/* Answers queue-send's job of this number: kind and a text that begins with its enhanced code. */
void report(uint64_t number, chain_kind_t kind, char const *text);

/* ---- account ------------------------------------------------------------------------------- */

/* Reads the routes anew if they have changed: true, and whoever was started by the old ones is to
   end. */
bool routes_changed(void);

/* Finds whose a job is: the routes must lead from its recipient to its argument in our channel. 0,
   or -1 with a text that says why not. The name of the preset is empty. */
#define PROBLEM_SIZE 512
int account_find(route_account_t *account, worker_job_t const *job, char problem[PROBLEM_SIZE]);

/* ---- job ----------------------------------------------------------------------------------- */

typedef struct child child_t;

typedef struct job {
  struct job *next;
  child_t *child;     /* that has it; NULL: it waits */
  worker_job_t asked; /* by queue-send; its strings and its descriptor are there while it waits */
  char *strings;      /* malloced */
  uint64_t size;      /* of the entry */
  uint64_t place;     /* a hash of its argument */
  int64_t since;      /* when it came, or was given */
  bool has_owner;     /* the routes name the user, who may look into the deliverer */
  char name[ROUTE_NAME_SIZE]; /* of who has a deliverer: the user, or suspect_name's, or "" */
} job_t;

/* In the order in which they came. */
typedef struct job_list {
  job_t *first, *last;
  size_t count;
} job_list_t;

extern job_list_t jobs_waiting;

void job_list_append(job_list_t *list, job_t *job);
void job_list_remove(job_list_t *list, job_t *job);

/* The job that a deliverer knows by this number; NULL: there is no such place. */
job_t *job_numbered(uint64_t number);
uint64_t job_number(job_t const *job);

size_t jobs_in_hand(void);
/* Takes a job, which then waits, or answers it. There must be less than JOBS_MAX in hand. Its
   descriptor is ours from then on. */
void job_take(worker_job_t const *asked);
/* Closes and frees what only one that waits has. */
void job_strip(job_t *job);
/* Answers a job that is in no list, and forgets it. */
void job_answer(job_t *job, chain_kind_t kind, char const *text);
/* The same for one that waits. */
void job_refuse(job_t *job, char const *text);
/* Finds anew whose those are that wait: the routes have changed, or the suspects have. */
void jobs_review(void);
/* Gives those that wait to deliverers, as far as may be. */
void jobs_give(void);
/* Nobody wants to hear of those that wait. */
void jobs_drop(void);

/* ---- child --------------------------------------------------------------------------------- */

typedef enum child_phase {
  CHILD_SERVING,
  CHILD_RETIRING, /* it is given no more jobs, and ends when it has done those that it has */
  CHILD_SHUT      /* and has been told */
} child_phase_t;

struct child {
  pid_t pid;  /* 0: none, or it is dead; the child is gone when its socket is closed, too */
  int socket; /* -1: none */
  child_phase_t phase;
  job_list_t jobs; /* that it has */
  uint64_t bytes;  /* of their messages, which are in memory for it */
  unsigned share;  /* jobs that it may have */
  int64_t started;
  int64_t spoke; /* when it answered, began to have something to do, or nothing, or was lost */
  int64_t later; /* nothing is sent to it before; 0: now */
  bool has_owner;
  char name[ROUTE_NAME_SIZE]; /* whose jobs it has */
  worker_output_t output;
  worker_input_t input;
};

extern child_t children[CHILDREN_MAX];

void children_init(void);

bool child_is_there(child_t const *child);
/* It was killed a while ago and does not end: it waits for a device, or someone traces it. Its
   place is lost until it does. */
bool child_is_stuck(child_t const *child);
/* The one that serves this user; NULL: none. */
child_t *child_find(char const *name);

/* Gives a job that waits to its user's deliverer, which is started if need be, or answers it, or
   leaves it where it is: there is no room for it now. */
void children_give(job_t *job);

/* It is given no more, and ends when it has done what it has. */
void child_retire(child_t *child);
void children_retire(void);

/* Ends it, and its jobs with this text: whether they were done is not known. */
void child_lose(child_t *child, char const *text, int error);
/* The same, since it took too long. */
void child_end_hanging(child_t *child, char const *text);

/* True if there are any that are to be waited for. */
bool children_remain(void);

/* For poll: children_polls writes at most CHILDREN_MAX of them, children_handle is given the same
   ones after it. children_check ends who took too long, or has been idle, and buries the dead;
   children_deadline is when that is to be done next, -1 never. */
size_t children_polls(struct pollfd *polls);
void children_handle(struct pollfd const *polls);
void children_check(void);
int64_t children_deadline(void);

/* ---- start --------------------------------------------------------------------------------- */

/* Starts a deliverer as this account, whose the job is. 0, or -1 with errno. */
int child_start(child_t *child, route_account_t const *account, job_t const *job);
void log_trouble(char const *event, char const *name, char const *step, int error);

/* ---- share --------------------------------------------------------------------------------- */

/* What a deliverer that was just started may have. */
#define SHARE_FIRST 2
/* And from now on, an answer having taken so many milliseconds: it grows by one, and is halved if
   that was slow while others wait. */
unsigned share_after(unsigned share, int64_t taken);

/* True if no other user's messages are in the way of this job's in memory. Without that no place is
   looked for: who got one would have nothing to do, and make room for the next one. */
bool share_has_memory(job_t const *job);
/* True if this child may have this job now: its share is not used up, nor what memory there is for
   messages. */
bool share_has_room(child_t const *child, job_t const *job);

/* A place for one more deliverer, for this user; NULL: it is to be waited for. */
child_t *share_place(char const *name);

/* Others wait for this child, which cannot do but one thing at a time, and may be stuck at a
   Maildir that is not theirs: it is the one that those share for whom the routes name nobody. */
bool share_keeps_others(child_t const *child);

/* This user's deliverer took too long: it has to wait before the next one. */
void share_bar(char const *name);
bool share_is_barred(char const *name);

/* Before jobs_give. */
void share_begin(void);
/* After it: has those who are slow make room if others wait. */
void share_relieve(void);
/* Others wait, or there may be some. */
bool share_is_short(void);

/* ---- suspect ------------------------------------------------------------------------------- */

/* Where jobs were for that a shared deliverer had when it took too long, 256 at most: one of these
   Maildirs hangs. Each has a deliverer of its own until that has answered. */
void suspect_add(uint64_t place);
void suspect_clear(uint64_t place);
/* The name of its deliverer, which no user can have; "": it is no suspect. */
#define SUSPECT_NAME_SIZE 18
void suspect_name(char name[SUSPECT_NAME_SIZE], uint64_t place);
bool suspect_has_name(char const *name);

#endif
