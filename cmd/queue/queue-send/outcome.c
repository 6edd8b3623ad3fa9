#include "outcome.h"

#include <string.h>

#include "attempt.h"
#include "job.h"
#include "notice.h"
#include "recipient.h"

queue_what_t outcome_of(attempt_t const *attempt, chain_kind_t kind) {
  if (kind == CHAIN_ACCEPT) return QUEUE_DELIVERED;
  if (kind == CHAIN_REJECT) return QUEUE_FAILED;
  return attempt_has_expired(attempt) ? QUEUE_EXPIRED : QUEUE_DEFERRED;
}

void outcome_note(attempt_t *attempt, queue_what_t what) {
  if (what == QUEUE_DEFERRED) attempt_leave(attempt, ATTEMPT_DEFERRED);
  attempt->failed |= what == QUEUE_FAILED || what == QUEUE_EXPIRED;
}

void outcome_put_down(recipient_t const *recipient, uint64_t target, queue_what_t what,
                      char const *text) {
  attempt_t *attempt = recipient->attempt;
  queue_record_t record = {time_now(), what, recipient->index, target, 0, text};
  queue_record_t const *before = queue_state_find(&attempt->state, recipient->index, target);
  bool same = before && before->what == QUEUE_DEFERRED && record.what == QUEUE_DEFERRED &&
              before->target == target && !strcmp(before->text, text);
  if (!same) journal_add(attempt, &record);
}

/* A forwarded copy takes the wish for a notice along. */
static char const *delivery_word(recipient_t const *recipient) {
  job_t const *job = recipient->jobs;
  if (recipient_is_expanded(recipient)) return NOTICE_EXPANDED;
  if (job->word) return job->word;
  return job->channel == ROUTE_REMOTE || job->channel == ROUTE_FORWARD ? NOTICE_PASSED
                                                                       : NOTICE_DELIVERED;
}

static bool all_reached(recipient_t const *recipient) {
  for (job_t const *job = recipient->jobs; job; job = job->sibling)
    if (job->kind != CHAIN_ACCEPT) return false;
  return true;
}

static char const *job_text(job_t const *job) {
  return job->text ? job->text : "";
}

/* Nothing is written of what was not even tried, until it is too late for that. */
static void put_down_job(recipient_t const *recipient, uint64_t target, job_t const *job) {
  queue_what_t what = outcome_of(recipient->attempt, job->kind);
  if (what == QUEUE_DEFERRED && job->end == JOB_HELD) return;
  /* Of what waits for a place the next try is that one's affair. */
  if (what != QUEUE_DEFERRED || job->end == JOB_TRIED) outcome_note(recipient->attempt, what);
  outcome_put_down(recipient, target, what, job_text(job));
}

void outcome_record(recipient_t const *recipient) {
  job_t const *job = recipient->jobs;
  if (recipient->earlier != EARLIER_FAILED && all_reached(recipient)) {
    outcome_put_down(recipient, QUEUE_TARGET_ALL, QUEUE_DELIVERED, delivery_word(recipient));
  } else if (!recipient->earlier && !job->sibling) {
    put_down_job(recipient, QUEUE_TARGET_ALL, job);
  } else {
    for (; job; job = job->sibling) put_down_job(recipient, job->target, job);
  }
}
