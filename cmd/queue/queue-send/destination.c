#include "destination.h"

#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "channel.h"
#include "group.h"
#include "index.h"
#include "pool.h"
#include "recipient.h"
#include "report.h"
#include "worker.h"

#define LOOK SECOND /* how often those that are waited for are looked at */

/* ---- the table ---- */

static destination_t **buckets;
static size_t bucket_count; /* a power of two */
static size_t destinations;

static destination_t **find(worker_t const *worker, uint64_t hash, char const *argument) {
  destination_t **link = &buckets[hash & (bucket_count - 1)];
  for (; *link; link = &(*link)->same_hash)
    if ((*link)->hash == hash && (*link)->worker == worker && !strcmp((*link)->argument, argument))
      break;
  return link;
}

static bool grow(void) {
  size_t count = bucket_count ? 2 * bucket_count : 256;
  destination_t **bigger = calloc(count, sizeof(destination_t *));
  if (!bigger) return bucket_count;
  for (size_t i = 0; i < bucket_count; i++)
    for (destination_t *destination = buckets[i], *next; destination; destination = next) {
      destination_t **link = &bigger[destination->hash & (count - 1)];
      next = destination->same_hash;
      destination->same_hash = *link;
      *link = destination;
    }
  free(buckets);
  buckets = bigger;
  bucket_count = count;
  return true;
}

static destination_t *make(worker_t *worker, uint64_t hash, char const *argument) {
  size_t size = strlen(argument) + 1;
  destination_t *destination = calloc(1, sizeof *destination + size);
  if (!destination) return NULL;
  destination->worker = worker;
  destination->hash = hash;
  destination->place.destination = destination;
  destination->place.worker = worker;
  for (unsigned i = 0; i < QUEUE_PRIORITIES; i++) destination->lanes[i].destination = destination;
  memcpy(destination->argument, argument, size);
  return destination;
}

/* Of the job's channel and argument, made if it is not known. NULL: no memory. */
static destination_t *destination_of(job_t const *job) {
  if (destinations >= bucket_count && !grow()) return NULL;
  worker_t *worker = pool_worker(job->channel, job->argument);
  uint64_t hash = queue_target(worker->channel->word, job->argument, "");
  destination_t **link = find(worker, hash, job->argument);
  if (!*link && (*link = make(worker, hash, job->argument))) destinations++;
  return *link;
}

bool destinations_each(size_t bucket, destination_f *f, void *data) {
  if (bucket >= bucket_count) return false;
  for (destination_t const *destination = buckets[bucket]; destination;
       destination = destination->same_hash)
    f(data, destination);
  return true;
}

static void abandon(void *data, destination_t const *destination) {
  (void)data;
  groups_abandon(destination);
}

void destinations_abandon(void) {
  for (size_t bucket = 0; destinations_each(bucket, abandon, NULL);) bucket++;
}

/* ---- forgetting ---- */

void destination_forget_idle(destination_t *destination) {
  if (destination->groups || destination->place.count || destination->holders ||
      destination_is_down(destination) || destination->watched || destination->calling)
    return;
  *find(destination->worker, destination->hash, destination->argument) = destination->same_hash;
  destinations--;
  free(destination->outage.text);
  free(destination);
}

void destination_hold(destination_t *destination) {
  destination->holders++;
}

void destination_release(destination_t *destination) {
  destination->holders--;
  destination_forget_idle(destination);
}

/* ---- room ---- */

static size_t limit_of(destination_t const *destination) {
  return destination->worker->channel->destination_limit;
}

/* It has no more than the deliverer may have besides, of groups and of jobs: then one that hangs
   has half of them, two have a third each, and there are always some for the others. */
static bool leaves_room(destination_t const *destination) {
  worker_t const *worker = destination->worker;
  if (!destination->given) return true;
  return destination->given + worker->groups < worker_concurrency(worker) &&
         destination->jobs + worker->given_count < worker->channel->window;
}

bool destination_has_room(destination_t const *destination) {
  size_t limit = limit_of(destination);
  return limit == SIZE_MAX || (destination->given < limit && leaves_room(destination));
}

/* What comes only now leaves room for what was parked; what is urgent goes before both. */
bool destination_is_crowded(destination_t const *destination, item_t const *item) {
  size_t limit = limit_of(destination);
  if (limit == SIZE_MAX) return false;
  bool gives_way = destination->place.count && !item->called;
  size_t most = gives_way ? limit : 2 * limit;
  return destination->groups >= (item->class ? most : most + limit);
}

/* ---- up and down ---- */

bool destination_is_down(destination_t const *destination) {
  return destination->outage.failures;
}

char const *destination_text(destination_t const *destination) {
  if (!destination_is_down(destination)) return "4.4.5 too much waits for this destination";
  char const *text = destination->outage.text;
  return text ? text : "4.4.1 the destination does not answer";
}

uint64_t destination_pause(destination_t const *destination) {
  return time_until(destination->outage.wake, clock_now());
}

static destination_t *watched;

static void watch(destination_t *destination) {
  if (destination->watched) return;
  destination->watched = true;
  destination->next_watched = watched;
  watched = destination;
}

static void goes_down(destination_t *destination, chain_verdict_t const *verdict) {
  outage_t *outage = &destination->outage;
  watch(destination);
  outage_fail(outage, verdict_text(verdict));
  report_down(destination, outage->failures, outage->delay);
  groups_hold(destination);
}

static void goes_up(destination_t *destination) {
  outage_end(&destination->outage);
  report_up(destination);
}

/* What was begun before the last failure says nothing new if it fails, too. */
void destination_hear(group_t const *group, chain_verdict_t const *verdict) {
  destination_t *destination = group->destination;
  bool failed = worker_destination_is_down(verdict);
  if (!failed && destination_is_down(destination)) return goes_up(destination);
  if (failed && outage_is_news(&destination->outage, group->given)) goes_down(destination, verdict);
}

/* ---- entries that wait ---- */

static destination_t *callers;

/* False: there is none. */
static bool call(destination_t *destination) {
  if (!index_unpark(&destination->place)) return false;
  if (destination->calling) return true;
  destination->calling = true;
  destination->next_caller = callers;
  callers = destination;
  return true;
}

/* As many as can be attempted: the others would only be parked again. */
void destination_call_parked(destination_t *destination) {
  if (destination_is_down(destination)) return;
  size_t most = limit_of(destination);
  for (size_t i = destination->groups; i < most && call(destination);) i++;
}

void destination_park(destination_t *destination, item_t *item, uint64_t due) {
  index_park(item, &destination->place, due);
  watch(destination);
  destination_call_parked(destination);
}

/* ---- what is new ---- */

/* The first one that comes when the time is over, or that was asked for, tries the destination for
   all. */
static bool is_shut(destination_t const *destination, attempt_t const *attempt) {
  outage_t const *outage = &destination->outage;
  if (!destination_is_down(destination) || group_open(destination, attempt)) return false;
  return attempt->item->urge == ITEM_ASKED ? outage->probing : !outage_may_probe(outage);
}

destination_answer_t destination_put(job_t *job) {
  destination_t *destination = destination_of(job);
  if (!destination) return DESTINATION_NO_MEMORY;
  job->place = &destination->place;
  if (is_shut(destination, job->recipient->attempt)) return DESTINATION_IS_DOWN;
  return group_put(destination, job) ? DESTINATION_TAKES : DESTINATION_NO_MEMORY;
}

/* ---- time ---- */

static void call_next(destination_t *destination) {
  if (!destination_is_down(destination))
    destination_call_parked(destination);
  else if (outage_may_probe(&destination->outage))
    call(destination);
}

/* Entries that are gone, or have nothing to do here any more, come without a group whose end would
   call the next ones. */
static void call_again(void) {
  destination_t *destination = index_called_count() ? NULL : callers;
  if (destination) callers = NULL;
  for (destination_t *next; destination; destination = next) {
    next = destination->next_caller;
    destination->calling = false;
    call_next(destination);
    destination_forget_idle(destination);
  }
}

/* False if it need not be watched any longer. */
static bool look_at(destination_t *destination, uint64_t now) {
  if (!destination->place.count && outage_is_stale(&destination->outage, now))
    destination->outage.failures = 0;
  call_next(destination);
  return destination_is_down(destination) || destination->place.count;
}

static uint64_t next_look;

void destinations_run(void) {
  uint64_t now = clock_now();
  call_again();
  if (!watched || now < next_look) return;
  for (destination_t **link = &watched, *destination; (destination = *link);) {
    if (look_at(destination, now)) {
      link = &destination->next_watched;
      continue;
    }
    *link = destination->next_watched;
    destination->watched = false;
    destination_forget_idle(destination);
  }
  next_look = now + LOOK;
}

uint64_t destinations_deadline(void) {
  return watched ? next_look : NEVER;
}

void destinations_force(void) {
  next_look = 0;
  for (destination_t *destination = watched; destination; destination = destination->next_watched)
    destination->outage.wake = 0;
}
