#include "group.h"

#include <stdlib.h>

#include "attempt.h"
#include "destination.h"
#include "job.h"
#include "recipient.h"
#include "share.h"
#include "worker.h"

static lane_t *lane_for(destination_t *destination, attempt_t const *attempt) {
  return &destination->lanes[attempt->item->class];
}

/* ---- guests: groups that wait where there is enough to do ---- */

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

/* Whatever becomes of it now, it is no guest any more. */
static void settle_guest(group_t *group) {
  if (!group->busy) return;
  dismiss_guest(group);
  group->busy = NULL;
  share_take(group->destination->worker, group->attempt);
}

/* ---- making them ---- */

/* Where there is too much to do for this attempt, or NULL. */
static place_t *find_busy(destination_t *destination, attempt_t const *attempt) {
  worker_t *worker = destination->worker;
  if (destination_is_crowded(destination, attempt->item)) return &destination->place;
  return share_is_used_up(worker, attempt) ? &worker->place : NULL;
}

static group_t *add_group(destination_t *destination, attempt_t *attempt) {
  group_t *group = calloc(1, sizeof *group);
  if (!group) return NULL;
  group->attempt = attempt;
  group->destination = destination;
  group->bulk = attempt_is_bulk(attempt);
  group->busy = destination_is_down(destination) ? NULL : find_busy(destination, attempt);
  group->probe = destination->outage.probing = destination_is_down(destination);
  lane_append(lane_for(destination, attempt), group);
  destination->groups++;
  group->busy ? welcome_guest(group) : share_take(destination->worker, attempt);
  return group;
}

group_t *group_open(destination_t const *destination, attempt_t const *attempt) {
  group_t *group = destination->lanes[attempt->item->class].last;
  return group && group->attempt == attempt && group->count < GROUP_MAX ? group : NULL;
}

bool group_put(destination_t *destination, job_t *job) {
  attempt_t *attempt = job->recipient->attempt;
  group_t *group = group_open(destination, attempt);
  if (!group && !(group = add_group(destination, attempt))) return false;
  job->group = group;
  job->next = NULL;
  *(group->last ? &group->last->next : &group->first) = job;
  group->last = job;
  group->count++;
  group->pending++;
  destination->worker->waiting++;
  rota_add(destination);
  return true;
}

/* ---- taking them ---- */

static group_t *take_first(lane_t *lane) {
  group_t *group = lane_take(lane);
  settle_guest(group);
  return group;
}

group_t *group_take(worker_t *worker, size_t room) {
  lane_t *lane = rota_next(&worker->rota, room);
  if (!lane) return NULL;
  group_t *group = take_first(lane);
  lane->destination->given++;
  lane->destination->jobs += group->pending;
  worker->groups++;
  group->given = clock_now();
  rota_add(lane->destination);
  return group;
}

job_t *group_take_job(group_t *group) {
  job_t *job = group->first;
  group->first = job->next;
  if (!group->first) group->last = NULL;
  group->count--;
  group->destination->worker->waiting--;
  return job;
}

job_t *group_take_any_job(worker_t *worker) {
  lane_t *lane = rota_any(&worker->rota);
  if (!lane) return NULL;
  job_t *job = group_take_job(lane->first);
  if (!lane->first->count) {
    rota_remove(lane);
    take_first(lane);
    rota_add(lane->destination);
  }
  return job;
}

/* ---- leaving them ---- */

static void note_moved(destination_t *destination) {
  static uint64_t moves;
  destination->place.moved = destination->worker->place.moved = ++moves;
}

static void count_out(group_t const *group) {
  destination_t *destination = group->destination;
  destination->groups--;
  if (group->busy)
    dismiss_guest(group);
  else
    share_give_back(destination->worker, group->attempt);
  if (!group->given) return;
  note_moved(destination);
  destination->given--;
  destination->worker->groups--;
}

static void end_group(group_t *group) {
  destination_t *destination = group->destination;
  count_out(group);
  /* Its deliverer went away before there was an answer. */
  if (group->probe && destination->outage.probing) outage_pause(&destination->outage);
  free(group);
  rota_add(destination);
  destination_call_parked(destination);
  destination_forget_idle(destination);
}

void group_leave(group_t *group) {
  if (group->given) group->destination->jobs--;
  if (!--group->pending) end_group(group);
}

/* The last job may take the group and its attempt with it. */
static void hold_jobs(group_t *group) {
  while (group->first) {
    job_t *job = group_take_job(group);
    if (group->pending == 1) {
      group_leave(group);
      return job_hold(job);
    }
    group->pending--;
    job_hold(job);
  }
}

void groups_hold(destination_t *destination) {
  lane_t *lanes = destination->lanes, *end = lanes + QUEUE_PRIORITIES;
  for (lane_t *lane = lanes; lane < end; lane++) rota_remove(lane);
  destination_hold(destination);
  for (size_t i = destination->groups - destination->given; i; i--) {
    lane_t *lane = lanes;
    while (lane < end && !lane->first) lane++;
    if (lane == end) break;
    hold_jobs(take_first(lane));
  }
  destination_release(destination);
}

/* Its jobs have to wait where there was too much to do. */
static void take_back(group_t *group) {
  destination_t *destination = group->destination;
  place_t *busy = group->busy;
  for (job_t *job = group->first; job; job = job->next) job->place = busy;
  lane_remove(lane_for(destination, group->attempt), group);
  rota_add(destination);
  destination_hold(destination);
  hold_jobs(group);
  destination_release(destination);
}

/* Only the last of them may end the attempt, and lets what is begun then be turned out in turn. */
void guests_turn_out(attempt_t *attempt) {
  group_t *group = attempt->guests;
  if (attempt->firm || attempt->turning_out) return;
  attempt->guests = NULL;
  for (group_t *next; group; group = next) {
    next = group->next_guest;
    attempt->turning_out = next;
    take_back(group);
  }
}

void groups_abandon(destination_t const *destination) {
  for (unsigned class = 0; class < QUEUE_PRIORITIES; class ++)
    for (group_t const *group = destination->lanes[class].first; group; group = group->next)
      for (job_t *job = group->first; job; job = job->next) job_abandon(job);
}
