#include "recipient.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "group.h"
#include "job.h"
#include "outcome.h"
#include "report.h"
#include "worker/worker.h"

static route_table_t routes;
static bool routes_doubtful = true;

void routes_doubt(void) {
  routes_doubtful = true;
}

bool recipient_is_expanded(recipient_t const *recipient) {
  return recipient->earlier || recipient->jobs->sibling;
}

/* ---- the end ---- */

static void free_recipient(recipient_t *recipient) {
  for (job_t *job = recipient->jobs, *next; job; job = next) {
    next = job->sibling;
    free(job->text);
    free(job);
  }
  free(recipient);
}

static void finish(recipient_t *recipient) {
  attempt_t *attempt = recipient->attempt;
  outcome_record(recipient);
  free_recipient(recipient);
  attempt->open--;
  attempt_go_on(attempt);
}

void recipient_settle_job(recipient_t *recipient) {
  if (!--recipient->pending)
    finish(recipient);
  else
    guests_turn_out(recipient->attempt);
}

/* ---- targets ---- */

static char const *channel_word(route_channel_t channel) {
  return route_kinds[channel].word;
}

/* It failed by itself, and is not due: only what waited for something is. */
static bool is_early(attempt_t const *attempt, queue_record_t const *before) {
  chain_verdict_t verdict;
  if (!attempt->early || before->what != QUEUE_DEFERRED) return false;
  chain_verdict_parse(&verdict, CHAIN_DEFER, before->text, strlen(before->text));
  return !worker_destination_is_down(&verdict);
}

static void note_earlier(recipient_t *recipient, queue_what_t what) {
  bool const reached = what == QUEUE_DELIVERED || what == QUEUE_DELIVERY_TOLD;
  if (!reached)
    recipient->earlier = EARLIER_FAILED;
  else if (!recipient->earlier)
    recipient->earlier = EARLIER_REACHED;
}

/* Targets that the log tells of are not tried again, unless they failed for now. */
static void add_target(void *data, route_target_t const *target) {
  recipient_t *recipient = data;
  attempt_t *attempt = recipient->attempt;
  uint64_t hash = queue_target(channel_word(target->channel), target->argument, target->address);
  queue_record_t const *before = queue_state_find(&attempt->state, recipient->index, hash);
  if (before && (before->what != QUEUE_DEFERRED || is_early(attempt, before))) {
    outcome_note(attempt, before->what);
    note_earlier(recipient, before->what);
    return;
  }
  job_t *job = job_make(recipient, target, hash);
  if (!job) {
    recipient->error = ENOMEM;
    return;
  }
  job->sibling = recipient->jobs;
  recipient->jobs = job;
  recipient->pending++;
}

typedef struct refusal {
  route_status_t status;
  chain_kind_t kind;
  char const *text;
} refusal_t;

/* Someone who was known when the message was accepted may be gone when it is delivered. */
static refusal_t const refusals[] = {
    {ROUTE_NO_USER, CHAIN_REJECT, "5.1.1 no such user here"},
    {ROUTE_NO_DOMAIN, CHAIN_REJECT, "5.1.2 the domain is not one of ours"},
    {ROUTE_BROKEN, CHAIN_DEFER, "4.3.5 the routes do not hold together for this address"},
};
/* Whoever was accepted had a route: a table that is gone says nothing against them. */
static refusal_t const no_routes = {ROUTE_BROKEN, CHAIN_DEFER, "4.3.5 there are no routes"};
static refusal_t const bad_routes = {ROUTE_BROKEN, CHAIN_DEFER, "4.3.5 the routes cannot be read"};
static refusal_t const no_memory = {ROUTE_BROKEN, CHAIN_DEFER, JOB_NO_MEMORY};

static refusal_t const *find_refusal(recipient_t const *recipient, route_status_t status) {
  if (recipient->error) return &no_memory;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (refusals[i].status == status) return &refusals[i];
  return NULL;
}

static char const *routes_path(void) {
  return settings.routes ? settings.routes : "routes.cdb";
}

/* One stat for all that is begun in one turn. A new table that cannot be read leaves the old one in
   force. */
static int refresh_routes(void) {
  int result = routes_doubtful ? route_refresh(&routes, settings.routes) : 0;
  if (result < 0) report_trouble("routes-failed", "path", routes_path(), errno);
  routes_doubtful = result < 0;
  return result < 0 && !routes.open ? -1 : 0;
}

static refusal_t const *resolve(recipient_t *recipient) {
  if (refresh_routes() < 0) return &bad_routes;
  if (!routes.open) return &no_routes;
  char const *address = recipient->address;
  route_status_t status = route_resolve(&routes, address, strlen(address), add_target, recipient);
  return find_refusal(recipient, status);
}

/* ---- starting ---- */

static void refuse(recipient_t *recipient, refusal_t const *refusal) {
  queue_what_t what = outcome_of(recipient->attempt, refusal->kind);
  outcome_note(recipient->attempt, what);
  outcome_put_down(recipient, QUEUE_TARGET_ALL, what, refusal->text);
  report_recipient(recipient, refusal->kind, refusal->text);
  free_recipient(recipient);
}

/* What is settled at once must not begin the next recipient: that is done by who called. */
static void put_jobs(recipient_t *recipient) {
  for (job_t *job = recipient->jobs; job; job = job->sibling) job_start(job);
  if (recipient->pending) {
    recipient->attempt->open++;
  } else {
    outcome_record(recipient);
    free_recipient(recipient);
  }
}

/* True if the log says that nothing is left to do for this recipient, or not yet. */
static bool is_settled(attempt_t *attempt, size_t index) {
  queue_record_t const *before = queue_state_find(&attempt->state, index, QUEUE_TARGET_ALL);
  if (!before || (before->what == QUEUE_DEFERRED && !is_early(attempt, before))) return false;
  outcome_note(attempt, before->what);
  return true;
}

void recipient_start(attempt_t *attempt, char const *address) {
  size_t index = attempt->recipient++;
  queue_what_t order = attempt->state.order;
  if (is_settled(attempt, index) || order == QUEUE_DROPPED) return;
  if (order == QUEUE_HELD) return attempt_leave(attempt, ATTEMPT_SKIPPED);
  recipient_t *recipient = calloc(1, sizeof *recipient);
  if (!recipient) return attempt_leave(attempt, ATTEMPT_DEFERRED);
  *recipient = (recipient_t){.attempt = attempt, .index = index, .address = address};
  refusal_t const *refusal = resolve(recipient);
  refusal_t const given_up = {ROUTE_BROKEN, CHAIN_REJECT, attempt->state.reason};
  if (refusal) {
    if (order == QUEUE_BOUNCED) refusal = &given_up;
    refuse(recipient, refusal);
  } else if (recipient->jobs) {
    put_jobs(recipient);
  } else {
    free_recipient(recipient); /* all its targets were settled one by one */
  }
}
