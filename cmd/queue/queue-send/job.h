/* job: one delivery. */
#ifndef CHAINMAIL_QUEUE_SEND_JOB_H
#define CHAINMAIL_QUEUE_SEND_JOB_H

#include "chain/chain.h"
#include "route/route.h"
#include "send.h"

/* Why one is not done whose sender wants it back. */
#define JOB_LATE      "4.4.7 the time by which it was to be delivered is over"
#define JOB_NO_MEMORY "4.3.0 out of memory"

/* How it has come to its outcome. */
typedef enum job_end {
  JOB_OPEN,  /* it has none */
  JOB_TRIED, /* by a deliverer, or as good as that */
  JOB_DOWN,  /* the same, and its destination is down: the next try is that one's to decide */
  JOB_HELD   /* it was not tried: it waits for a place */
} job_end_t;

/* To a target of a recipient. */
struct job {
  job_t *next;    /* in a group */
  job_t *sibling; /* the next one of its recipient */
  recipient_t *recipient;
  group_t *group;
  place_t *place;  /* its destination's, or where there was too much to do */
  uint64_t number; /* given when it is sent */
  uint64_t target;
  route_channel_t channel;
  chain_kind_t kind; /* of its outcome */
  job_end_t end;
  char const *word; /* what its deliverer said of one who took it, or NULL: NOTICE_... */
  char *text;       /* malloced, of a failure */
  char *address;    /* these two behind the struct */
  char argument[];
};

/* Of a recipient and a target, whose hash is queue_target's. NULL: no memory. */
job_t *job_make(recipient_t *recipient, route_target_t const *target, uint64_t hash);
/* Has it done, when its turn comes; or it has its outcome at once, and its recipient one job less
   pending. */
void job_start(job_t *job);
/* What its deliverer says. */
void job_finish(job_t *job, chain_verdict_t const *verdict);
/* It is not to be tried now: its destination went down. */
void job_hold(job_t *job);
/* What a log says of a verdict: its enhanced code and its text, malloced; NULL without memory. */
char *verdict_text(chain_verdict_t const *verdict);
/* True if something was ordered of its entry for which it is not to be done. */
bool job_is_stopped(job_t const *job);
/* Gives such a job its outcome. */
void job_stop(job_t *job);
/* At the end of the program, for a job without an outcome: what its recipient's other targets have
   got they are not to get again. */
void job_abandon(job_t *job);

#endif
