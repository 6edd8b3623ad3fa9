#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attempt.h"
#include "channel.h"
#include "destination.h"
#include "group.h"
#include "recipient.h"
#include "report.h"
#include "share.h"

#define WINDOW       CHANNEL_WINDOW_MAX
#define BACKOFF      SECOND /* until a worker that died is started again; it doubles */
#define BACKOFF_MAX  (64 * SECOND)
#define SHORTAGE_MAX (8 * SECOND) /* the same where something ran out */
#define SEND_AGAIN   (SECOND / 20)

int worker_init(worker_t *worker, channel_t const *channel, unsigned number) {
  worker->channel = channel;
  worker->number = number;
  worker->socket = -1;
  worker->place.worker = worker;
  worker->given = calloc(WINDOW, sizeof(job_t *));
  return worker->given ? 0 : -1;
}

size_t worker_concurrency(worker_t const *worker) {
  return worker->channel->concurrency / worker->channel->count;
}

uint64_t worker_patience(worker_t const *worker) {
  return worker->channel->patience;
}

/* ---- outcomes ---- */

static uint64_t jobs_ended;

uint64_t worker_jobs_ended(void) {
  return jobs_ended;
}

/* The attempt may end with its last job, so the group leaves it before that. */
static destination_t *leave_group(job_t const *job) {
  group_t *group = job->group;
  jobs_ended++;
  destination_t *destination = group->destination;
  destination_hold(destination);
  group_leave(group);
  return destination;
}

static void finish_job(job_t *job, chain_verdict_t const *verdict) {
  destination_t *destination = leave_group(job);
  job_finish(job, verdict);
  destination_release(destination);
}

static void defer_job(job_t *job, char const *text) {
  chain_verdict_t verdict;
  chain_verdict_parse(&verdict, CHAIN_DEFER, text, strlen(text));
  finish_job(job, &verdict);
}

/* ---- starting ---- */

static void back_off(worker_t *worker, uint64_t most) {
  uint64_t pause = worker->failures < 6 ? BACKOFF << worker->failures : BACKOFF_MAX;
  worker->failures++;
  worker->deadline = clock_now() + (pause < most ? pause : most);
}

/* Processes, memory or descriptors, which may be there again at any moment, or a service that has
   more to do than it can. */
static bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

/* What waits for it fails for now, so that people can see why; a shortage is nobody's failure. */
static void start_failed(worker_t *worker, int error) {
  char text[CHAIN_TEXT_MAX];
  char const *program = worker->channel->program;
  report_trouble("worker-failed", "program", program, error);
  if (is_shortage(error)) return back_off(worker, SHORTAGE_MAX);
  back_off(worker, BACKOFF_MAX);
  snprintf(text, sizeof text, "4.3.0 unable to start %s: %s", program, strerror(error));
  /* As many as there are now: what the end of these brings about waits for the next start. */
  for (size_t i = worker->waiting; i && worker->waiting; i--)
    defer_job(group_take_any_job(worker), text);
}

/* One that was lost and is still there would stay for ever, and others after it. */
static void start(worker_t *worker) {
  if (worker->pid) kill(worker->pid, SIGKILL);
  worker->socket = channel_connect(worker->channel, &worker->pid);
  if (worker->socket < 0) return start_failed(worker, errno);
  worker_input_init(&worker->input);
  worker_output_init(&worker->output);
}

/* ---- losing it ---- */

static job_t *take_given(worker_t *worker, uint64_t number) {
  job_t *job = worker->given[number % WINDOW];
  if (!job || job->number != number) return NULL;
  worker->given[number % WINDOW] = NULL;
  worker->given_count--;
  return job;
}

static void disconnect(worker_t *worker) {
  close(worker->socket);
  worker->socket = -1;
  worker_input_free(&worker->input);
  back_off(worker, BACKOFF_MAX);
}

/* What it was not given yet of a group shares the lot of the rest. */
static void defer_giving(worker_t *worker, char const *text) {
  group_t *group = worker->giving;
  worker->giving = NULL;
  for (size_t i = group ? group->count : 0; i; i--) defer_job(group_take_job(group), text);
}

/* Whether its jobs were done is not known: they are tried again. */
static void lose(worker_t *worker, int error) {
  static char const text[] = "4.3.0 the deliverer went away";
  report_trouble("worker-lost", "program", worker->channel->program, error);
  disconnect(worker);
  defer_giving(worker, text);
  for (size_t i = 0; i < WINDOW; i++)
    if (worker->given[i]) defer_job(take_given(worker, worker->given[i]->number), text);
}

/* ---- giving jobs ---- */

/* Jobs and groups that a worker may have: whatever one of them does, there are some for the
   others. */
static bool is_full(worker_t const *worker) {
  return worker->given_count >= worker->channel->window;
}

static bool has_room(worker_t const *worker) {
  return worker->groups < worker_concurrency(worker) && !is_full(worker);
}

/* Jobs of the next group. Where destinations are our own, and the window is small, one for which
   there is no room at once is given as room comes: smaller ones would always be there before it. */
static size_t room_for_group(worker_t const *worker) {
  channel_t const *channel = worker->channel;
  return channel->destination_limit == SIZE_MAX ? SIZE_MAX : channel->window - worker->given_count;
}

static size_t free_slot(worker_t *worker) {
  while (worker->given[worker->slot]) worker->slot = (worker->slot + 1) % WINDOW;
  return worker->slot;
}

static void keep_given(worker_t *worker, job_t *job) {
  if (!worker->given_count++) worker->deadline = clock_now() + worker->channel->patience;
  worker->given[job->number % WINDOW] = job;
}

/* 1 sent, 0 not now; the worker is lost if its socket is. */
static int send_output(worker_t *worker) {
  if (!worker_output_pending(&worker->output)) return 1;
  if (clock_now() < worker->send) return 0;
  int result = worker_output_send(&worker->output, worker->socket);
  if (result < 0) return lose(worker, errno), 0;
  worker->send = result ? clock_now() + SEND_AGAIN : 0;
  return !worker_output_pending(&worker->output);
}

/* The group may be gone then. */
static job_t *take_out(worker_t *worker, group_t *group) {
  if (group->count == 1) worker->giving = NULL;
  return group_take_job(group);
}

static bool drop_job(worker_t *worker, group_t *group, char const *text) {
  return defer_job(take_out(worker, group), text), true;
}

static bool stop_job(worker_t *worker, group_t *group) {
  job_t *job = take_out(worker, group);
  destination_t *destination = leave_group(job);
  job_stop(job);
  destination_release(destination);
  return true;
}

static uint64_t jobs_given;

/* Gives the first job of a group. False if it has to wait. */
static bool give_job(worker_t *worker, group_t *group) {
  job_t *job = group->first;
  attempt_t const *attempt = group->attempt;
  if (job_is_stopped(job)) return stop_job(worker, group);
  if (attempt_is_late(attempt)) return drop_job(worker, group, JOB_LATE);
  job->number = ++jobs_given * WINDOW + free_slot(worker);
  worker_job_t message = {.number = job->number,
                          .sender = attempt->entry.envelope.sender,
                          .recipient = job->address,
                          .argument = job->argument,
                          .id = attempt->entry.id,
                          .original = job->recipient->address,
                          .expanded = recipient_is_expanded(job->recipient),
                          .fd = attempt->entry.fd};
  if (worker_job_put(&worker->output, &message) < 0) {
    if (errno == EAGAIN) return false;
    return drop_job(worker, group, "4.3.0 the job is too long for the deliverer");
  }
  keep_given(worker, group_take_job(group));
  if (!group->count) worker->giving = NULL;
  return true;
}

static void take_group(worker_t *worker) {
  if (!has_room(worker)) return;
  worker->giving = group_take(worker, room_for_group(worker));
}

static bool stopped;

void workers_stop(void) {
  stopped = true;
}

/* A group that was begun is given whole before another one is. */
static void give_jobs(worker_t *worker) {
  while (!stopped) {
    if (!worker->giving) take_group(worker);
    if (!worker->giving) break;
    while (worker->giving && !is_full(worker) && give_job(worker, worker->giving)) {}
    if (worker->giving && (!send_output(worker) || is_full(worker))) return;
  }
  send_output(worker);
}

/* ---- taking results ---- */

/* 1, 0 none, -1 with errno. */
static int take_result(worker_t *worker) {
  worker_result_t result;
  int taken = worker_result_next(&worker->input, &result);
  if (taken <= 0) return taken;
  job_t *job = take_given(worker, result.number);
  if (!job) return errno = EPROTO, -1;
  worker->failures = 0;
  worker->deadline = clock_now() + worker->channel->patience;
  destination_hear(job->group, &result.verdict);
  finish_job(job, &result.verdict);
  return 1;
}

void worker_take_results(worker_t *worker) {
  int result = worker_input_read(&worker->input, worker->socket);
  if (result < 0 && errno == EAGAIN) return;
  if (result == 0) return lose(worker, 0);
  while (result > 0) result = take_result(worker);
  if (result < 0) lose(worker, errno);
}

/* ---- all of it ---- */

static bool is_hanging(worker_t const *worker) {
  return worker->given_count && clock_now() >= worker->deadline;
}

void worker_run(worker_t *worker) {
  if (worker->socket >= 0 && is_hanging(worker)) {
    if (worker->pid) kill(worker->pid, SIGKILL);
    lose(worker, ETIMEDOUT);
  }
  if (worker->socket < 0 && worker->waiting && clock_now() >= worker->deadline) start(worker);
  share_call_parked(worker);
  if (worker->socket >= 0) give_jobs(worker);
}

uint64_t worker_deadline(worker_t const *worker) {
  bool connected = worker->socket >= 0;
  bool matters = connected ? worker->given_count : worker->waiting;
  uint64_t deadline = matters ? worker->deadline : NEVER;
  return connected && worker->send && worker->send < deadline ? worker->send : deadline;
}

short worker_events(worker_t const *worker) {
  short output = worker_output_pending(&worker->output) && !worker->send ? POLLOUT : 0;
  return (short)(POLLIN | output);
}

void worker_ended(worker_t *worker, int wait_status) {
  worker->pid = 0;
  if (wait_status) report_exit(worker->channel->program, wait_status);
}

void worker_abandon(worker_t const *worker) {
  for (job_t *job = worker->giving ? worker->giving->first : NULL; job; job = job->next)
    job_abandon(job);
  for (size_t i = 0; i < WINDOW; i++)
    if (worker->given[i]) job_abandon(worker->given[i]);
}
