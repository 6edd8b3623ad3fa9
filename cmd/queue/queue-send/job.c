#include "job.h"

#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "destination.h"
#include "notice.h"
#include "outcome.h"
#include "recipient.h"
#include "report.h"
#include "worker/worker.h"

job_t *job_make(recipient_t *recipient, route_target_t const *target, uint64_t hash) {
  size_t argument_size = strlen(target->argument) + 1, address_size = strlen(target->address) + 1;
  job_t *job = malloc(sizeof *job + argument_size + address_size);
  if (!job) return NULL;
  *job = (job_t){.recipient = recipient, .target = hash, .channel = target->channel};
  job->address = job->argument + argument_size;
  memcpy(job->argument, target->argument, argument_size);
  memcpy(job->address, target->address, address_size);
  return job;
}

/* ---- its outcome ---- */

char *verdict_text(chain_verdict_t const *verdict) {
  char text[CHAIN_VERDICT_SIZE];
  chain_verdict_format(text, verdict);
  return strdup(text);
}

/* How the texts of acceptances begin that are no usual ones, and what they mean. */
static struct {
  char const *beginning, *word;
} const acceptances[] = {
    {WORKER_NO_DSN, NOTICE_RELAYED},
    {WORKER_NO_DELIVERBY, NOTICE_UNTIMED},
    {WORKER_PASSED, NOTICE_PASSED},
};

static char const *acceptance_word(chain_verdict_t const *verdict) {
  for (size_t i = 0; i < sizeof acceptances / sizeof *acceptances; i++)
    if (!strncmp(verdict->text, acceptances[i].beginning, strlen(acceptances[i].beginning)))
      return acceptances[i].word;
  return NULL;
}

static void wait_for_place(job_t const *job) {
  attempt_t *attempt = job->recipient->attempt;
  if (!attempt_has_expired(attempt)) attempt_wait_for(attempt, job->place);
}

void job_finish(job_t *job, chain_verdict_t const *verdict) {
  job->kind = verdict->kind;
  job->end = worker_destination_is_down(verdict) ? JOB_DOWN : JOB_TRIED;
  job->text = verdict_text(verdict);
  job->word = acceptance_word(verdict);
  if (job->end == JOB_DOWN) wait_for_place(job);
  report_job(job);
  recipient_settle_job(job->recipient);
}

/* The text is put down if the entry expires there. */
static void hold(job_t *job) {
  destination_t const *destination = job->place->destination;
  job->kind = CHAIN_DEFER;
  job->end = JOB_HELD;
  job->text = strdup(destination ? destination_text(destination) : "4.3.2 the deliverer is busy");
  wait_for_place(job);
}

void job_hold(job_t *job) {
  hold(job);
  recipient_settle_job(job->recipient);
}

bool job_is_stopped(job_t const *job) {
  queue_what_t order = job->recipient->attempt->state.order;
  return order && order != QUEUE_RELEASED;
}

/* What is given up has failed; the others have not been tried. */
void job_stop(job_t *job) {
  queue_state_t const *state = &job->recipient->attempt->state;
  chain_verdict_t verdict;
  if (state->order != QUEUE_BOUNCED) return job_hold(job);
  chain_verdict_parse(&verdict, CHAIN_REJECT, state->reason, strlen(state->reason));
  job_finish(job, &verdict);
}

void job_abandon(job_t *job) {
  recipient_t *recipient = job->recipient;
  if (!recipient->pending) return;
  recipient->pending = 0;
  for (job = recipient->jobs; job; job = job->sibling)
    if (job->kind == CHAIN_ACCEPT) outcome_put_down(recipient, job->target, QUEUE_DELIVERED, "");
}

/* ---- its start ---- */

/* No deliverer is asked. */
static void end_at_once(job_t *job, chain_kind_t kind, char const *text) {
  job->recipient->pending--;
  job->kind = kind;
  job->end = JOB_TRIED;
  job->text = strdup(text);
}

static void give_up(job_t *job, char const *reason) {
  end_at_once(job, CHAIN_REJECT, reason);
  report_job(job);
}

/* What is told is why it had not been delivered before, if that is known. */
static void return_late(job_t *job) {
  recipient_t const *recipient = job->recipient;
  queue_record_t const *before =
      queue_state_find(&recipient->attempt->state, recipient->index, job->target);
  end_at_once(job, CHAIN_DEFER, before ? before->text : JOB_LATE);
  report_job(job);
}

void job_start(job_t *job) {
  attempt_t const *attempt = job->recipient->attempt;
  if (attempt->state.order == QUEUE_BOUNCED) return give_up(job, attempt->state.reason);
  if (attempt_is_late(attempt)) return return_late(job);
  switch (destination_put(job)) {
  case DESTINATION_TAKES: return;
  case DESTINATION_NO_MEMORY: return end_at_once(job, CHAIN_DEFER, JOB_NO_MEMORY);
  case DESTINATION_IS_DOWN: break;
  }
  job->recipient->pending--;
  hold(job);
}
