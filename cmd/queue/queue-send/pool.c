#include "pool.h"

#include <stdlib.h>

#include <skalibs/strerr.h>

#include "channel.h"
#include "destination.h"
#include "worker.h"

#define CROWD 20000 /* jobs that wait; more are not begun early */

static worker_t *workers;
static unsigned count;

#define EACH_WORKER(worker)                                                                        \
  worker_t *worker = workers;                                                                      \
  (worker) < workers + count;                                                                      \
  (worker)++

/* ---- set-up ---- */

static size_t workers_wanted(void) {
  size_t wanted = 0;
  for (size_t i = 0; i < ROUTE_CHANNELS; i++) wanted += channels[i].count;
  return wanted;
}

static void make_workers(channel_t *channel) {
  channel->workers = workers + count;
  for (unsigned i = 0; i < channel->count; i++, count++)
    if (worker_init(&workers[count], channel, count) < 0) strerr_diefu1sys(111, "make workers");
}

void pool_open(conf_t const *conf) {
  channels_set(conf);
  workers = calloc(workers_wanted(), sizeof *workers);
  if (!workers) strerr_diefu1sys(111, "make workers");
  for (size_t i = 0; i < ROUTE_CHANNELS; i++) make_workers(&channels[i]);
}

size_t pool_size(void) {
  return count;
}

worker_t *pool_worker(route_channel_t channel, char const *argument) {
  uint64_t hash = queue_target("", argument, "");
  return &channels[channel].workers[hash % channels[channel].count];
}

/* ---- what they have to do ---- */

bool pool_is_crowded(void) {
  size_t waiting = 0;
  for (EACH_WORKER(worker)) waiting += worker->waiting;
  return waiting > CROWD;
}

size_t pool_in_flight(void) {
  size_t given = 0;
  for (EACH_WORKER(worker)) given += worker->given_count;
  return given;
}

void pool_each(void (*f)(void *data, worker_t const *worker), void *data) {
  for (EACH_WORKER(worker)) f(data, worker);
}

/* ---- the loop ---- */

static uint64_t ended_before; /* jobs */

void pool_run(void) {
  ended_before = worker_jobs_ended();
  destinations_run();
  for (EACH_WORKER(worker)) worker_run(worker);
}

size_t pool_polls(struct pollfd *polls) {
  size_t polled = 0;
  for (EACH_WORKER(worker))
    if (worker->socket >= 0)
      polls[polled++] = (struct pollfd){worker->socket, worker_events(worker), 0};
  return polled;
}

/* In the order of pool_polls: one that is lost meanwhile has had its turn. */
void pool_handle(struct pollfd const *polls) {
  for (EACH_WORKER(worker))
    if (worker->socket >= 0 && (polls++)->revents & ~POLLOUT) worker_take_results(worker);
}

/* What ended in one's turn may have brought jobs for another one, whose turn was before. */
uint64_t pool_deadline(void) {
  if (worker_jobs_ended() != ended_before) return 0;
  uint64_t earliest = destinations_deadline();
  for (EACH_WORKER(worker))
    if (worker_deadline(worker) < earliest) earliest = worker_deadline(worker);
  return earliest;
}

/* ---- ends ---- */

void pool_abandon(void) {
  destinations_abandon();
  for (EACH_WORKER(worker)) worker_abandon(worker);
}

void pool_child_ended(pid_t pid, int wait_status) {
  for (EACH_WORKER(worker))
    if (worker->pid == pid) worker_ended(worker, wait_status);
}
