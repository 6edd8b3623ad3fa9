#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock/clock.h"
#include "queue/queue.h"
#include "spawn.h"

#define SEND_AGAIN 50 /* milliseconds, where the socket cannot say when it can */

child_t children[CHILDREN_MAX];

void children_init(void) {
  for (child_t *child = children; child < children + CHILDREN_MAX; child++) child->socket = -1;
}

bool child_is_there(child_t const *child) {
  return child->pid || child->socket >= 0;
}

static bool is_lost(child_t const *child) {
  return child->pid && child->socket < 0;
}

bool child_is_stuck(child_t const *child) {
  return is_lost(child) && clock_milliseconds() >= child->spoke + PATIENCE;
}

child_t *child_find(char const *name) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (child->socket >= 0 && child->phase == CHILD_SERVING && !strcmp(child->name, name))
      return child;
  return NULL;
}

/* ---- ending ---- */

void child_retire(child_t *child) {
  if (child->phase == CHILD_SHUT) return;
  child->phase = CHILD_RETIRING;
  if (child->socket < 0 || worker_output_pending(&child->output)) return;
  shutdown(child->socket, SHUT_WR);
  child->phase = CHILD_SHUT;
  if (!child->jobs.count) child->spoke = clock_milliseconds();
}

static void end_job(child_t *child, job_t *job, chain_kind_t kind, char const *text) {
  job_list_remove(&child->jobs, job);
  if (child->has_owner) child->bytes -= job->size;
  job_answer(job, kind, text);
}

void child_lose(child_t *child, char const *text, int error) {
  if (child->jobs.count) log_trouble("child-lost", child->name, text, error);
  while (child->jobs.first) end_job(child, child->jobs.first, CHAIN_DEFER, text);
  for (size_t i = 0; i < child->output.nfds; i++) close(child->output.fds[i]);
  if (child->pid) kill(child->pid, SIGKILL);
  worker_input_free(&child->input);
  close(child->socket);
  child->socket = -1;
  child->spoke = clock_milliseconds();
}

/* One of the places that it had jobs for has it wait, and which is not known. */
static void suspect_all(child_t const *child) {
  for (job_t const *job = child->jobs.first; job; job = job->next) suspect_add(job->place);
  jobs_review();
}

void child_end_hanging(child_t *child, char const *text) {
  share_bar(child->name);
  if (!*child->name) suspect_all(child);
  child_lose(child, text, 0);
}

/* ---- giving ---- */

/* Descriptors travel with the first bytes; those that went are closed. */
static void send_output(child_t *child) {
  worker_output_t *output = &child->output;
  size_t nfds = output->nfds;
  if (!worker_output_pending(output) || clock_milliseconds() < child->later) return;
  int result = worker_output_send(output, child->socket);
  if (result < 0) return child_lose(child, "4.3.0 the deliverer went away", errno);
  child->later = result ? clock_milliseconds() + SEND_AGAIN : 0;
  if (!output->nfds)
    for (size_t i = 0; i < nfds; i++) close(output->fds[i]);
  if (child->phase == CHILD_RETIRING) child_retire(child);
}

/* For errno; what is the object of the step. */
static void refuse_for(job_t *job, char const *step, char const *what) {
  char text[PROBLEM_SIZE];
  int const error = errno;
  snprintf(text, sizeof text, "4.3.0 unable to %s%.200s: %s", step, what, strerror(error));
  job_refuse(job, text);
}

static int duplicate(int fd) {
  return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* What an owner of a mailbox may know of the entry, who can look into his own deliverer. */
static int open_copy(job_t const *job) {
  queue_entry_t entry;
  int fd = duplicate(job->asked.fd);
  if (fd < 0) return -1;
  if (queue_entry_from_fd(&entry, fd) < 0) {
    int error = errno;
    close(fd);
    return errno = error, -1;
  }
  int copy = queue_entry_copy(&entry, job->asked.recipient), error = errno;
  queue_entry_close(&entry);
  return errno = error, copy;
}

static int open_message(job_t const *job) {
  return job->has_owner ? open_copy(job) : duplicate(job->asked.fd);
}

/* What the deliverer is told: of a user's own, not by which address the message came here. */
static int put_frame(child_t *child, job_t const *job, int fd) {
  worker_job_t told = job->asked;
  told.number = job_number(job);
  told.fd = fd;
  if (job->has_owner) told.original = told.recipient;
  return worker_job_put(&child->output, &told);
}

static void count_job(child_t *child, job_t *job) {
  job_list_remove(&jobs_waiting, job);
  job_strip(job);
  job->child = child;
  job->since = clock_milliseconds();
  if (!child->jobs.count) child->spoke = job->since;
  job_list_append(&child->jobs, job);
  if (child->has_owner) child->bytes += job->size;
}

/* The longest frame has room then. */
static bool has_output_room(child_t const *child) {
  return child->output.nfds < WORKER_BATCH_MAX &&
         child->output.len <= WORKER_BUFFER_SIZE - WORKER_FRAME_MAX;
}

/* It waits on where there is no room. */
static void put(child_t *child, job_t *job) {
  if (!has_output_room(child) || !share_has_room(child, job)) return;
  int fd = open_message(job);
  if (fd < 0) return refuse_for(job, "copy the message for its deliverer", "");
  if (put_frame(child, job, fd) < 0) {
    close(fd);
    return job_refuse(job, "4.3.0 the job is too long for the deliverer");
  }
  count_job(child, job);
}

static void start_and_put(child_t *place, job_t *job) {
  static route_account_t account;
  char text[PROBLEM_SIZE];
  if (account_find(&account, &job->asked, text) < 0) return job_refuse(job, text);
  if (child_start(place, &account, job) == 0)
    put(place, job);
  else
    refuse_for(job, "start ", *settings.argv);
}

/* Else one user's could take all places, one after the other. Who shares one shares no lot. */
static child_t const *find_lost(char const *name) {
  if (!*name) return NULL;
  for (child_t const *child = children; child < children + settings.children; child++)
    if (is_lost(child) && !strcmp(child->name, name)) return child;
  return NULL;
}

void children_give(job_t *job) {
  child_t *child = child_find(job->name);
  if (share_is_barred(job->name))
    return job_refuse(job, "4.3.2 the user's deliverer took too long a while ago");
  if (child) return put(child, job);
  child_t const *lost = find_lost(job->name);
  if (lost && child_is_stuck(lost))
    return job_refuse(job, "4.3.0 the user's last deliverer does not end");
  if (lost || !share_has_memory(job)) return;
  child_t *place = share_place(job->name);
  if (place) start_and_put(place, job);
}

/* ---- hearing ---- */

/* Deliverers are users': they answer for jobs of their own, once. 1, 0 none, -1. */
static int take_result(child_t *child) {
  worker_result_t result;
  char text[CHAIN_VERDICT_SIZE];
  int taken = worker_result_next(&child->input, &result);
  if (taken <= 0) return taken;
  job_t *job = job_numbered(result.number);
  if (!job || job->child != child) return -1;
  chain_verdict_format(text, &result.verdict);
  child->spoke = clock_milliseconds();
  child->share = share_after(child->share, child->spoke - job->since);
  if (suspect_has_name(child->name)) suspect_clear(job->place);
  end_job(child, job, result.verdict.kind, text);
  return 1;
}

static int lose_liar(child_t *child) {
  child_lose(child, "4.3.0 the deliverer does not speak the protocol", 0);
  return -1;
}

/* 1 there may be more, 0 not now, -1 it is lost. Whoever sends descriptors would use up ours. */
static int read_once(child_t *child) {
  int result = worker_input_read(&child->input, child->socket), taken = 1;
  int const error = result < 0 ? errno : 0;
  if (error == EAGAIN) return 0;
  if (child->input.nfds || error == EPROTO) return lose_liar(child);
  if (result <= 0) return child_lose(child, "4.3.0 the deliverer went away", error), -1;
  while (taken > 0) taken = take_result(child);
  return taken < 0 ? lose_liar(child) : 1;
}

/* ---- all of them ---- */

void children_retire(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (child_is_there(child)) child_retire(child);
}

bool children_remain(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (child_is_there(child) && !child_is_stuck(child)) return true;
  return false;
}

size_t children_polls(struct pollfd *polls) {
  size_t count = 0;
  for (child_t *child = children; child < children + settings.children; child++) {
    if (child->socket < 0) continue;
    send_output(child);
    if (child->socket < 0) continue;
    short output = worker_output_pending(&child->output) && !child->later ? POLLOUT : 0;
    polls[count++] = (struct pollfd){child->socket, (short)(POLLIN | output), 0};
  }
  return count;
}

void children_handle(struct pollfd const *polls) {
  for (child_t *child = children; child < children + settings.children; child++) {
    if (child->socket < 0) continue;
    if ((polls++)->revents & ~POLLOUT) read_once(child);
  }
}

/* What it said before it died counts. */
static void bury(child_t *child) {
  int status;
  if (!child->pid || waitpid(child->pid, &status, WNOHANG) != child->pid) return;
  child->pid = 0;
  while (child->socket >= 0 && read_once(child) > 0) continue;
  if (child->socket >= 0) child_lose(child, "4.3.0 the deliverer went away", 0);
}

static unsigned patience_with(child_t const *child) {
  bool const hurried = share_keeps_others(child) && settings.hurried < settings.seconds;
  return hurried ? settings.hurried : settings.seconds;
}

/* One that was told to end, and has nothing to do, needs no time for it, nor one that was killed.
 */
static int64_t deadline_of(child_t const *child) {
  if (child->socket < 0) return child->spoke + PATIENCE;
  if (child->jobs.count) return child->spoke + patience_with(child) * INT64_C(1000);
  return child->spoke + (child->phase == CHILD_SHUT ? PATIENCE : settings.idle * INT64_C(1000));
}

static void check(child_t *child) {
  bury(child);
  if (child->socket < 0 || clock_milliseconds() < deadline_of(child)) return;
  if (child->jobs.count)
    child_end_hanging(child, "4.3.0 the deliverer took too long");
  else if (child->phase == CHILD_SHUT)
    child_lose(child, "4.3.0 the deliverer took too long", 0);
  else
    child_retire(child);
}

void children_check(void) {
  for (child_t *child = children; child < children + settings.children; child++)
    if (child_is_there(child)) check(child);
}

int64_t children_deadline(void) {
  int64_t first = -1;
  for (child_t *child = children; child < children + settings.children; child++) {
    if (!child_is_there(child) || child_is_stuck(child)) continue;
    int64_t deadline = deadline_of(child);
    if (child->socket >= 0 && child->later && child->later < deadline) deadline = child->later;
    if (first < 0 || deadline < first) first = deadline;
  }
  return first;
}
