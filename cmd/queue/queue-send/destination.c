#include <stdlib.h>
#include <string.h>

#include <skalibs/random.h>

#include "pool.h"

#define LOOK SECOND /* how often those that are waited for are looked at */

static destination_t **buckets;
static size_t bucket_count; /* a power of two */
static size_t destinations;
static destination_t *watched; /* those that are down, or that entries wait for */

/* ---- the table ---- */

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
  if (!destination) return 0;
  destination->worker = worker;
  destination->hash = hash;
  destination->place.destination = destination;
  destination->place.worker = worker;
  for (unsigned i = 0; i < QUEUE_PRIORITIES; i++) destination->lanes[i].destination = destination;
  memcpy(destination->argument, argument, size);
  return destination;
}

destination_t *destination_of(job_t const *job) {
  if (destinations >= bucket_count && !grow()) return 0;
  worker_t *worker = pool_worker(job->channel, job->argument);
  uint64_t hash = queue_target(pool_channel_word(worker), job->argument, "");
  destination_t **link = find(worker, hash, job->argument);
  if (!*link && (*link = make(worker, hash, job->argument))) destinations++;
  return *link;
}

static void watch(destination_t *destination) {
  if (destination->watched) return;
  destination->watched = true;
  destination->next_watched = watched;
  watched = destination;
}

/* Nothing is known of it any more that would be missed. */
static void forget_idle(destination_t *destination) {
  if (destination->groups || destination->parked || destination->holders || destination->failures ||
      destination->watched)
    return;
  *find(destination->worker, destination->hash, destination->argument) = destination->same_hash;
  destinations--;
  free(destination->text);
  free(destination);
}

/* ---- waiting groups ---- */

static bool has_room(destination_t const *destination) {
  return destination->given < pool_destination_limit(destination->worker);
}

static lane_list_t *list_of(lane_t const *lane) {
  destination_t const *destination = lane->destination;
  return &destination->worker->ready[lane - destination->lanes][lane->first->bulk];
}

static void queue_lane(lane_t *lane) {
  if (lane->queued || !lane->first) return;
  lane_list_t *list = list_of(lane);
  lane->queued = true;
  lane->next = 0;
  *(list->last ? &list->last->next : &list->first) = lane;
  list->last = lane;
}

/* What may have a group given is in its worker's lists. */
static void queue(destination_t *destination) {
  for (lane_t *lane = destination->lanes;
       has_room(destination) && lane < destination->lanes + QUEUE_PRIORITIES; lane++)
    queue_lane(lane);
}

static lane_t *take_queued(lane_list_t *list) {
  lane_t *lane = list->first;
  list->first = lane->next;
  if (!list->first) list->last = 0;
  lane->queued = false;
  return lane;
}

static lane_t *lane_for(destination_t *destination, attempt_t const *attempt) {
  return &destination->lanes[attempt->item->class];
}

/* What comes only now leaves room for what was parked; what is urgent goes before both. */
static bool is_crowded(destination_t const *destination, item_t const *item) {
  size_t limit = pool_destination_limit(destination->worker);
  if (limit == SIZE_MAX) return false;
  bool gives_way = destination->parked && !item->called;
  size_t most = gives_way ? limit : 2 * limit;
  return destination->groups >= (item->class ? most : most + limit);
}

/* Where there is too much to do for this attempt, or NULL. */
static place_t *find_busy(destination_t *destination, attempt_t const *attempt) {
  worker_t *worker = destination->worker;
  if (is_crowded(destination, attempt->item)) return &destination->place;
  return pool_is_busy(worker, attempt->item) && !attempt->groups_at[worker->number] ? &worker->place
                                                                                    : 0;
}

static void count_firm(group_t *group) {
  attempt_t *attempt = group->attempt;
  worker_t *worker = group->destination->worker;
  attempt->firm++;
  if (!attempt->groups_at[worker->number]++) worker->attempts++;
}

static void welcome_guest(group_t *group) {
  group->next_guest = group->attempt->guests;
  group->attempt->guests = group;
}

/* One that was turned out is in the list no more. */
static void dismiss_guest(group_t const *group) {
  group_t **link = &group->attempt->guests;
  while (*link && *link != group) link = &(*link)->next_guest;
  if (*link) *link = group->next_guest;
}

static group_t *add_group(destination_t *destination, attempt_t *attempt) {
  group_t *group = calloc(1, sizeof *group);
  lane_t *lane = lane_for(destination, attempt);
  if (!group) return 0;
  group->attempt = attempt;
  group->destination = destination;
  group->bulk = attempt_is_bulk(attempt);
  group->busy = destination->failures ? 0 : find_busy(destination, attempt);
  group->probe = destination->probing = destination->failures;
  *(lane->last ? &lane->last->next : &lane->first) = group;
  lane->last = group;
  destination->groups++;
  group->busy ? welcome_guest(group) : count_firm(group);
  return group;
}

static group_t *open_group(destination_t *destination, attempt_t const *attempt) {
  group_t *group = lane_for(destination, attempt)->last;
  return group && group->attempt == attempt && group->count < GROUP_MAX ? group : 0;
}

bool destination_put(destination_t *destination, job_t *job) {
  attempt_t *attempt = job->recipient->attempt;
  group_t *group = open_group(destination, attempt);
  if (!group && !(group = add_group(destination, attempt))) return false;
  job->group = group;
  job->place = &destination->place;
  job->next = 0;
  *(group->last ? &group->last->next : &group->first) = job;
  group->last = job;
  group->count++;
  group->pending++;
  destination->worker->waiting++;
  queue(destination);
  return true;
}

/* Whatever becomes of it now, it is no guest any more. */
static void settle_guest(group_t *group) {
  if (!group->busy) return;
  dismiss_guest(group);
  group->busy = 0;
  count_firm(group);
}

static group_t *take_first(lane_t *lane) {
  group_t *group = lane->first;
  lane->first = group->next;
  if (!lane->first) lane->last = 0;
  group->next = 0;
  settle_guest(group);
  return group;
}

/* Lanes of a destination that has enough since they were queued wait until it has not. */
static bool fits(lane_list_t *list, size_t room) {
  while (list->first && !has_room(list->first->destination)) take_queued(list);
  return list->first && list->first->first->count <= room;
}

/* A list that has a group which fits; NULL: none. Messages to few and to many take turns. */
static lane_list_t *pick_list(lane_list_t lists[2], size_t room) {
  static bool bulk_last;
  bool few = fits(&lists[false], room), many = fits(&lists[true], room);
  if (!few && !many) return 0;
  bulk_last = many && !(few && bulk_last);
  return &lists[bulk_last];
}

group_t *destination_take_group(worker_t *worker, size_t room) {
  unsigned filled = 0;
  for (unsigned class = 0; class < QUEUE_PRIORITIES; class ++)
    if (fits(&worker->ready[class][false], room) || fits(&worker->ready[class][true], room))
      filled |= 1u << class;
  if (!filled) return 0;
  unsigned class = queue_priority_pick(filled, ++worker->turns);
  lane_t *lane = take_queued(pick_list(worker->ready[class], room));
  destination_t *destination = lane->destination;
  group_t *group = take_first(lane);
  destination->given++;
  worker->groups++;
  group->given = clock_now();
  queue(destination);
  return group;
}

job_t *group_take_job(group_t *group) {
  job_t *job = group->first;
  group->first = job->next;
  if (!group->first) group->last = 0;
  group->count--;
  group->destination->worker->waiting--;
  return job;
}

static lane_list_t *find_list(worker_t *worker) {
  lane_list_t *lists = worker->ready[0];
  for (size_t i = 0; i < sizeof worker->ready / sizeof *lists; i++)
    if (lists[i].first) return &lists[i];
  return 0;
}

job_t *destination_take_job(worker_t *worker) {
  lane_list_t *list = find_list(worker);
  if (!list) return 0;
  lane_t *lane = list->first;
  group_t *group = lane->first;
  job_t *job = group_take_job(group);
  if (!group->count) {
    take_queued(list);
    take_first(lane);
    queue(lane->destination);
  }
  return job;
}

/* ---- entries that wait for a destination ---- */

/* As many as can be attempted: the others would only be parked again. */
static void unpark(destination_t *destination) {
  size_t most = pool_destination_limit(destination->worker);
  if (destination->failures) return;
  for (size_t i = destination->groups; i < most && index_unpark(&destination->place); i++)
    destination->parked--;
}

/* The first one that comes when the time is over tries the destination for all. */
static bool is_shut(destination_t *destination, attempt_t const *attempt) {
  if (!destination->failures || open_group(destination, attempt)) return false;
  return destination->probing || (clock_now() < destination->wake && !attempt->item->asked);
}

place_t *destination_shut(destination_t *destination, attempt_t const *attempt) {
  return is_shut(destination, attempt) ? &destination->place : 0;
}

void destination_hold(destination_t *destination) {
  destination->holders++;
}

void destination_release(destination_t *destination) {
  destination->holders--;
  forget_idle(destination);
}

void destination_unpark(destination_t *destination) {
  destination->parked--;
}

void destination_park(destination_t *destination, item_t *item, uint64_t due) {
  index_park(item, &destination->place, due);
  destination->parked++;
  watch(destination);
  unpark(destination);
}

bool destination_is_down(destination_t const *destination) {
  return destination->failures;
}

char const *destination_text(destination_t const *destination) {
  if (!destination->failures) return "4.4.5 too much waits for this destination";
  return destination->text ? destination->text : "4.4.1 the destination does not answer";
}

uint64_t destination_pause(destination_t const *destination) {
  return time_until(destination->wake, clock_now());
}

/* ---- up and down ---- */

static uint64_t pause_after(unsigned failures) {
  uint64_t pause = settings.backoff;
  uint32_t random;
  for (unsigned i = 1; i < failures && pause < settings.backoff_max; i++) pause *= 2;
  if (pause > settings.backoff_max) pause = settings.backoff_max;
  random_buf((char *)&random, sizeof random);
  return pause - pause / 6 + random % (pause / 3 + 1);
}

static void pause_tries(destination_t *destination) {
  destination->probing = false;
  destination->delay = pause_after(destination->failures);
  destination->wake = clock_now() + destination->delay;
}

/* The last job may take the group and its attempt with it. */
static void hold_jobs(group_t *group) {
  while (group->count) {
    job_t *job = group_take_job(group);
    if (group->pending == 1) {
      group_leave(group);
      return job_hold(job);
    }
    group->pending--;
    job_hold(job);
  }
}

static void hold_waiting(destination_t *destination) {
  for (size_t i = destination->groups - destination->given; i; i--) {
    lane_t *lane = destination->lanes;
    while (lane < destination->lanes + QUEUE_PRIORITIES && !lane->first) lane++;
    if (lane == destination->lanes + QUEUE_PRIORITIES) break;
    hold_jobs(take_first(lane));
  }
}

static void take_from_ready(lane_t *lane) {
  if (!lane->queued) return;
  lane_list_t *list = list_of(lane);
  lane_t *previous = 0, *at = list->first;
  for (; at != lane; previous = at, at = at->next) {}
  *(previous ? &previous->next : &list->first) = at->next;
  if (list->last == at) list->last = previous;
  lane->queued = false;
}

static void take_out(lane_t *lane, group_t *group) {
  group_t *previous = 0, *at = lane->first;
  take_from_ready(lane);
  for (; at != group; previous = at, at = at->next) {}
  *(previous ? &previous->next : &lane->first) = group->next;
  if (lane->last == group) lane->last = previous;
}

group_t *group_next_guest(group_t const *group) {
  return group->next_guest;
}

void destination_take_back(group_t *group) {
  destination_t *destination = group->destination;
  place_t *busy = group->busy;
  for (job_t *job = group->first; job; job = job->next) job->place = busy;
  take_out(lane_for(destination, group->attempt), group);
  queue(destination);
  destination_hold(destination);
  hold_jobs(group);
  destination_release(destination);
}

static void goes_down(destination_t *destination, chain_verdict_t const *verdict) {
  watch(destination);
  if (!destination->failures++) destination->since = time_now();
  destination->failed = clock_now();
  free(destination->text);
  destination->text = verdict_text(verdict);
  pause_tries(destination);
  report_down(destination, destination->failures, destination->delay);
  for (unsigned i = 0; i < QUEUE_PRIORITIES; i++) take_from_ready(&destination->lanes[i]);
  destination_hold(destination);
  hold_waiting(destination);
  destination_release(destination);
}

static void goes_up(destination_t *destination) {
  destination->failures = 0;
  destination->probing = false;
  report_up(destination);
}

/* What was begun before the last failure says nothing new if it fails, too. */
void destination_hear(group_t *group, chain_verdict_t const *verdict) {
  destination_t *destination = group->destination;
  bool failed = worker_destination_is_down(verdict);
  if (!failed && destination->failures) return goes_up(destination);
  if (failed && (!destination->failures || group->given > destination->failed))
    goes_down(destination, verdict);
}

static void leave(group_t *group) {
  destination_t *destination = group->destination;
  static uint64_t moves;
  worker_t *worker = destination->worker;
  if (group->given) destination->place.moved = worker->place.moved = ++moves;
  destination->groups--;
  if (group->busy) {
    dismiss_guest(group);
  } else {
    group->attempt->firm--;
    if (!--group->attempt->groups_at[worker->number]) worker->attempts--;
  }
  if (group->given) {
    destination->given--;
    worker->groups--;
  }
  /* Its deliverer went away before there was an answer. */
  if (group->probe && destination->probing) pause_tries(destination);
  free(group);
  queue(destination);
  unpark(destination);
  forget_idle(destination);
}

void group_leave(group_t *group) {
  if (!--group->pending) leave(group);
}

/* ---- time ---- */

/* Nobody has tried it for so long that its failure is old news. */
static bool is_stale(destination_t const *destination, uint64_t now) {
  return !destination->parked && !destination->probing &&
         now >= destination->wake + 2 * destination->delay;
}

static void wake(destination_t *destination, uint64_t now) {
  if (destination->probing || now < destination->wake) return;
  if (index_unpark(&destination->place)) destination->parked--;
}

/* False if it need not be watched any longer. */
static bool look_at(destination_t *destination, uint64_t now) {
  if (is_stale(destination, now)) destination->failures = 0;
  if (destination->failures)
    wake(destination, now);
  else
    unpark(destination);
  return destination->failures || destination->parked;
}

static uint64_t next_look;

void destinations_run(void) {
  uint64_t now = clock_now();
  if (!watched || now < next_look) return;
  for (destination_t **link = &watched, *destination; (destination = *link);) {
    if (look_at(destination, now)) {
      link = &destination->next_watched;
      continue;
    }
    *link = destination->next_watched;
    destination->watched = false;
    forget_idle(destination);
  }
  next_look = now + LOOK;
}

uint64_t destinations_deadline(void) {
  return watched ? next_look : NEVER;
}

void destinations_force(void) {
  next_look = 0;
  for (destination_t *destination = watched; destination; destination = destination->next_watched)
    destination->wake = 0;
}

bool destinations_each(size_t bucket, destination_f *f, void *data) {
  if (bucket >= bucket_count) return false;
  for (destination_t const *destination = buckets[bucket]; destination;
       destination = destination->same_hash)
    f(data, destination);
  return true;
}

/* At the end of the program. */
static void abandon(destination_t *destination) {
  for (unsigned i = 0; i < QUEUE_PRIORITIES; i++)
    for (group_t *group = destination->lanes[i].first; group; group = group->next)
      for (job_t *job = group->first; job; job = job->next) job_abandon(job);
}

void destinations_abandon(void) {
  for (size_t i = 0; i < bucket_count; i++)
    for (destination_t *destination = buckets[i]; destination; destination = destination->same_hash)
      abandon(destination);
}
