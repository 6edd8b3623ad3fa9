/* recipient: one recipient of an attempt, and a job for each of its targets. */
#ifndef CHAINMAIL_QUEUE_SEND_RECIPIENT_H
#define CHAINMAIL_QUEUE_SEND_RECIPIENT_H

#include "chain/chain.h"
#include "route/route.h"
#include "send.h"

/* One delivery: a target of a recipient. */
struct job {
  job_t *next;    /* in a group */
  job_t *sibling; /* the next one of its recipient */
  recipient_t *recipient;
  group_t *group;
  place_t *place;  /* its destination's */
  uint64_t number; /* given when it is sent */
  uint64_t target;
  route_channel_t channel;
  chain_kind_t kind; /* of its outcome */
  bool tried;        /* by a deliverer, or as good as that */
  bool waits;        /* for a place: the next try is that one's to decide */
  char const *word;  /* what its deliverer said of one who took it, or NULL: NOTICE_... */
  char *text;        /* malloced, of a failure */
  char *address;     /* these two behind the struct */
  char argument[];
};

struct recipient {
  attempt_t *attempt;
  size_t index;
  char const *address;
  job_t *jobs;
  size_t pending; /* jobs without an outcome */
  bool settled;   /* other targets had their outcome in earlier attempts */
  bool failed;    /* and one of them was not reached */
  int error;      /* while its targets are collected */
};

/* It leads to several targets. */
bool recipient_is_expanded(recipient_t const *recipient);
/* Begins the next recipient of an attempt. */
void recipient_start(attempt_t *attempt, char const *address);
void job_finish(job_t *job, chain_verdict_t const *verdict);
/* Why one is not done whose sender wants it back. */
#define JOB_LATE "4.4.7 the time by which it was to be delivered is over"
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
/* The table of routes may have changed since it was last looked at. */
void routes_doubt(void);

#endif
