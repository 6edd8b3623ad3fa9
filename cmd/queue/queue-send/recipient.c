#include "recipient.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/types.h>

#include "attempt.h"
#include "destination.h"
#include "group.h"
#include "notice.h"
#include "report.h"
#include "worker/worker.h"

static route_table_t routes;
static bool routes_doubtful = true;

void routes_doubt(void) {
  routes_doubtful = true;
}

/* ---- outcomes ---- */

/* What is held does not, nor what is to vanish. */
static bool has_expired(attempt_t const *attempt, uint64_t now) {
  char order = attempt->state.order;
  if (order == 'h' || order == 'k') return false;
  return now >= attempt_expiry(attempt);
}

/* The letter of an outcome, in the log of the entry. */
static char letter_of(attempt_t const *attempt, chain_kind_t kind, uint64_t now) {
  if (kind == CHAIN_ACCEPT) return 'd';
  if (kind == CHAIN_REJECT) return 'p';
  return has_expired(attempt, now) ? 'x' : 't';
}

/* Failures for now of what waits for a place are not counted: its next try is that one's affair. */
static void note_outcome(attempt_t *attempt, char what) {
  attempt->temporary |= what == 't';
  attempt->failed |= what == 'p' || what == 'x';
}

/* Puts it down, unless the log says the same already. */
static void put_down(recipient_t *recipient, uint64_t target, char what, char const *text) {
  attempt_t *attempt = recipient->attempt;
  queue_record_t record = {time_now(), what, recipient->index, target, 0, text};
  queue_record_t const *before = queue_state_find(&attempt->state, recipient->index, target);
  bool same = before && before->what == 't' && record.what == 't' && before->target == target &&
              !strcmp(before->text, text);
  if (!same) journal_add(attempt, &record);
}

bool recipient_is_expanded(recipient_t const *recipient) {
  return recipient->settled || recipient->jobs->sibling;
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
static void put_down_job(recipient_t *recipient, uint64_t target, job_t const *job) {
  char what = letter_of(recipient->attempt, job->kind, time_now());
  if (what == 't' && job->waits && !job->tried) return;
  if (what != 't' || !job->waits) note_outcome(recipient->attempt, what);
  put_down(recipient, target, what, job_text(job));
}

/* One record speaks for all targets if they were all reached, or if there is only one. */
static void record_outcome(recipient_t *recipient) {
  job_t const *job = recipient->jobs;
  if (!recipient->failed && all_reached(recipient)) {
    put_down(recipient, QUEUE_TARGET_ALL, 'd', delivery_word(recipient));
  } else if (!recipient->settled && !job->sibling) {
    put_down_job(recipient, QUEUE_TARGET_ALL, job);
  } else {
    for (; job; job = job->sibling) put_down_job(recipient, job->target, job);
  }
}

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
  record_outcome(recipient);
  free_recipient(recipient);
  attempt->open--;
  attempt_go_on(attempt);
}

char *verdict_text(chain_verdict_t const *verdict) {
  char text[UINT_FMT + sizeof verdict->enhanced + sizeof verdict->text + 2], *end = text;
  if (verdict->code) {
    end += uint_fmt(end, verdict->code);
    *end++ = ' ';
  }
  if (*verdict->enhanced) end = stpcpy(stpcpy(end, verdict->enhanced), " ");
  stpcpy(end, verdict->text);
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
  return 0;
}

static void settle(job_t *job) {
  recipient_t *recipient = job->recipient;
  if (!--recipient->pending)
    finish(recipient);
  else
    guests_turn_out(recipient->attempt);
}

static void wait_for(job_t const *job, place_t *place) {
  attempt_t *attempt = job->recipient->attempt;
  if (!has_expired(attempt, time_now())) attempt_wait_for(attempt, place);
}

void job_finish(job_t *job, chain_verdict_t const *verdict) {
  job->tried = true;
  job->kind = verdict->kind;
  job->waits = worker_destination_is_down(verdict);
  job->text = verdict_text(verdict);
  job->word = acceptance_word(verdict);
  if (job->waits) wait_for(job, job->place);
  report_job(job);
  settle(job);
}

/* The text is put down if the entry expires there. */
static void hold(job_t *job, place_t *place) {
  destination_t const *destination = place->destination;
  job->kind = CHAIN_DEFER;
  job->waits = true;
  job->text = strdup(destination ? destination_text(destination) : "4.3.2 the deliverer is busy");
  wait_for(job, place);
}

void job_hold(job_t *job) {
  hold(job, job->place);
  settle(job);
}

bool job_is_stopped(job_t const *job) {
  char order = job->recipient->attempt->state.order;
  return order == 'h' || order == 'k' || order == 'f';
}

/* What is given up has failed; the others have not been tried. */
void job_stop(job_t *job) {
  queue_state_t const *state = &job->recipient->attempt->state;
  chain_verdict_t verdict;
  if (state->order != 'f') return job_hold(job);
  chain_verdict_parse(&verdict, CHAIN_REJECT, state->reason, strlen(state->reason));
  job_finish(job, &verdict);
}

void job_abandon(job_t *job) {
  recipient_t *recipient = job->recipient;
  if (!recipient->pending) return;
  recipient->pending = 0;
  for (job = recipient->jobs; job; job = job->sibling)
    if (job->kind == CHAIN_ACCEPT) put_down(recipient, job->target, 'd', "");
}

/* ---- targets ---- */

static char const *channel_word(route_channel_t channel) {
  return route_kinds[channel].word;
}

static job_t *make_job(recipient_t *recipient, route_target_t const *target, uint64_t hash) {
  size_t argument_size = strlen(target->argument) + 1, address_size = strlen(target->address) + 1;
  job_t *job = malloc(sizeof *job + argument_size + address_size);
  if (!job) return 0;
  *job = (job_t){.recipient = recipient, .target = hash, .channel = target->channel};
  job->address = job->argument + argument_size;
  memcpy(job->argument, target->argument, argument_size);
  memcpy(job->address, target->address, address_size);
  return job;
}

/* It failed by itself, and is not due: only what waited for something is. */
static bool is_early(attempt_t const *attempt, queue_record_t const *before) {
  chain_verdict_t verdict;
  if (!attempt->early || before->what != 't') return false;
  chain_verdict_parse(&verdict, CHAIN_DEFER, before->text, strlen(before->text));
  return !worker_destination_is_down(&verdict);
}

/* Targets that the log tells of are not tried again, unless they failed for now. */
static void add_target(void *data, route_target_t const *target) {
  recipient_t *recipient = data;
  attempt_t *attempt = recipient->attempt;
  uint64_t hash = queue_target(channel_word(target->channel), target->argument, target->address);
  queue_record_t const *before = queue_state_find(&attempt->state, recipient->index, hash);
  if (before && (before->what != 't' || is_early(attempt, before))) {
    note_outcome(attempt, before->what);
    recipient->settled = true;
    recipient->failed |= before->what != 'd' && before->what != 's';
    return;
  }
  job_t *job = make_job(recipient, target, hash);
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
static refusal_t const no_memory = {ROUTE_BROKEN, CHAIN_DEFER, "4.3.0 out of memory"};

static refusal_t const *find_refusal(recipient_t const *recipient, route_status_t status) {
  if (recipient->error) return &no_memory;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (refusals[i].status == status) return &refusals[i];
  return 0;
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
  char what = letter_of(recipient->attempt, refusal->kind, time_now());
  note_outcome(recipient->attempt, what);
  put_down(recipient, QUEUE_TARGET_ALL, what, refusal->text);
  report_recipient(recipient, refusal->kind, refusal->text);
  free_recipient(recipient);
}

static void give_up(job_t *job, char const *reason) {
  job->recipient->pending--;
  job->kind = CHAIN_REJECT;
  job->tried = true;
  job->text = strdup(reason);
  report_job(job);
}

/* What is told is why it had not been delivered before, if that is known. */
static void return_late(job_t *job) {
  recipient_t const *recipient = job->recipient;
  queue_record_t const *before =
      queue_state_find(&recipient->attempt->state, recipient->index, job->target);
  job->recipient->pending--;
  job->kind = CHAIN_DEFER;
  job->tried = true;
  job->text = strdup(before ? before->text : JOB_LATE);
  report_job(job);
}

static void put_job(job_t *job) {
  attempt_t const *attempt = job->recipient->attempt;
  if (attempt->state.order == 'f') return give_up(job, attempt->state.reason);
  if (attempt_is_late(attempt)) return return_late(job);
  place_t *place = destination_put(job);
  if (!place) return;
  job->recipient->pending--;
  if (place != &destination_no_memory) return hold(job, place);
  job->kind = CHAIN_DEFER;
  job->tried = true;
  job->text = strdup(no_memory.text);
}

/* What is settled at once must not begin the next recipient: that is done by who called. */
static void put_jobs(recipient_t *recipient) {
  for (job_t *job = recipient->jobs; job; job = job->sibling) put_job(job);
  if (recipient->pending) {
    recipient->attempt->open++;
  } else {
    record_outcome(recipient);
    free_recipient(recipient);
  }
}

/* True if the log says that nothing is left to do for this recipient, or not yet. */
static bool is_settled(attempt_t *attempt, size_t index) {
  queue_record_t const *before = queue_state_find(&attempt->state, index, QUEUE_TARGET_ALL);
  if (!before || (before->what == 't' && !is_early(attempt, before))) return false;
  note_outcome(attempt, before->what);
  return true;
}

void recipient_start(attempt_t *attempt, char const *address) {
  size_t index = attempt->recipient++;
  char order = attempt->state.order;
  if (is_settled(attempt, index) || order == 'k') return;
  if (order == 'h') {
    attempt->temporary = attempt->skipped = true;
    return;
  }
  recipient_t *recipient = calloc(1, sizeof *recipient);
  if (!recipient) {
    attempt->temporary = true;
    return;
  }
  *recipient = (recipient_t){.attempt = attempt, .index = index, .address = address};
  refusal_t const *refusal = resolve(recipient);
  refusal_t const given_up = {ROUTE_BROKEN, CHAIN_REJECT, attempt->state.reason};
  if (refusal) {
    if (order == 'f') refusal = &given_up;
    refuse(recipient, refusal);
  } else if (recipient->jobs) {
    put_jobs(recipient);
  } else {
    free_recipient(recipient); /* all its targets were settled one by one */
  }
}
