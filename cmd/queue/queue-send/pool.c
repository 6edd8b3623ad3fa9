#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/posixplz.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "send.h"

#define WORKERS_MAX 64
#define WINDOW      WORKER_BATCH_MAX /* jobs that a worker has at one time, at most */
#define LOAD_MAX    320            /* jobs that a worker has or will get, then entries are parked */
#define HANG        (600 * SECOND) /* a worker that answers nothing for so long is ended */
#define BACKOFF     SECOND         /* until a worker that died is started again; it doubles */
#define BACKOFF_MAX (64 * SECOND)
#define WORDS_MAX   32 /* of a command */
#define COMMAND_MAX 4096

typedef struct channel channel_t;

struct worker {
  channel_t *channel;
  int socket; /* -1: not connected */
  pid_t pid;  /* 0: a service */
  job_t *first, *last;
  size_t waiting;       /* jobs in this list */
  job_t *given[WINDOW]; /* by the low part of their number */
  size_t given_count;
  uint64_t deadline;     /* when it counts as hanging, or may be started again */
  unsigned failures;     /* in a row */
  item_list_t parked[2]; /* a backlog, and what came in while we ran: they take turns */
  worker_output_t output;
  worker_input_t input;
};

/* How a channel is served. */
struct channel {
  unsigned count;
  char const *command; /* NULL: route_kinds' */
  char const *path;    /* of a service's socket, or NULL */
  worker_t *workers;
};

static channel_t channels[ROUTE_CHANNELS];
static size_t concurrency, in_flight;
static size_t attempts; /* that may be open at one time */
static uint64_t jobs_given;
static bool stopped;

#define DEFAULT_COUNT 2

/* ---- set-up ---- */

static channel_t *find_channel(char const *word, size_t len) {
  for (size_t i = 0; i < ROUTE_CHANNELS; i++)
    if (strlen(route_kinds[i].word) == len && !memcmp(route_kinds[i].word, word, len))
      return &channels[i];
  return 0;
}

int pool_configure(char const *option) {
  size_t len = strcspn(option, "=");
  channel_t *channel = find_channel(option, len);
  char const *value = option + len + 1;
  if (!option[len] || !channel || !*value) return -1;
  if (uint0_scan(value, &channel->count))
    return channel->count && channel->count <= WORKERS_MAX / ROUTE_CHANNELS ? 0 : -1;
  channel->path = strncmp(value, "unix:", 5) ? 0 : value + 5;
  channel->command = channel->path ? 0 : value;
  return channel->path && strlen(channel->path) >= sizeof((struct sockaddr_un *)0)->sun_path ? -1
                                                                                             : 0;
}

static char const *channel_program(channel_t const *channel) {
  if (channel->path) return channel->path;
  return channel->command ? channel->command : route_kinds[channel - channels].deliverer;
}

static void make_workers(channel_t *channel) {
  if (!channel->count) channel->count = DEFAULT_COUNT;
  if (channel->count > concurrency) channel->count = (unsigned)concurrency;
  channel->workers = calloc(channel->count, sizeof *channel->workers);
  if (!channel->workers) strerr_diefu1sys(111, "make workers");
  for (unsigned i = 0; i < channel->count; i++) {
    channel->workers[i].channel = channel;
    channel->workers[i].socket = -1;
  }
}

void pool_open(size_t jobs) {
  concurrency = jobs;
  for (size_t i = 0; i < ROUTE_CHANNELS; i++) make_workers(&channels[i]);
}

void pool_limit(size_t open) {
  attempts = open;
}

size_t pool_size(void) {
  size_t size = 0;
  for (size_t i = 0; i < ROUTE_CHANNELS; i++) size += channels[i].count;
  return size;
}

worker_t *pool_worker(route_channel_t channel, char const *argument) {
  uint64_t hash = queue_target("", argument, "");
  return &channels[channel].workers[hash % channels[channel].count];
}

/* ---- starting ---- */

/* Cuts a command at its blanks. Returns the words, which lie in space. */
static size_t split_command(char const **words, char *space, char const *command) {
  size_t count = 0;
  stpcpy(space, command);
  for (char *word = strtok(space, " "); word && count < WORDS_MAX; word = strtok(0, " "))
    words[count++] = word;
  words[count] = 0;
  return count;
}

static pid_t spawn(char const *command, int socket) {
  char space[COMMAND_MAX], path[PATH_MAX];
  char const *words[WORDS_MAX + 1];
  if (strlen(command) >= sizeof space) return errno = E2BIG, -1;
  if (!split_command(words, space, command)) return errno = ENOENT, -1;
  if (chain_find(words[0], path, sizeof path) < 0) return -1;
  chain_fd_t fd = {0, socket};
  chain_spawn_t child = {
      .path = path, .argv = words, .envp = (char const *const *)environ, .fds = &fd, .nfds = 1};
  return chain_spawn(&child);
}

static int start_program(worker_t *worker) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  worker->pid = spawn(channel_program(worker->channel), ends[1]);
  int error = errno;
  close(ends[1]);
  if (worker->pid > 0) return worker->socket = ends[0], 0;
  worker->pid = 0;
  close(ends[0]);
  return errno = error, -1;
}

static int connect_service(worker_t *worker) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  stpcpy(address.sun_path, worker->channel->path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr const *)&address, sizeof address) == 0)
    return worker->socket = fd, 0;
  int error = errno;
  close(fd);
  return errno = error, -1;
}

static void back_off(worker_t *worker) {
  uint64_t pause = worker->failures < 6 ? BACKOFF << worker->failures : BACKOFF_MAX;
  worker->failures++;
  worker->deadline = clock_now() + pause;
}

static job_t *take_job(worker_t *worker) {
  job_t *job = worker->first;
  worker->first = job->next;
  if (!worker->first) worker->last = 0;
  worker->waiting--;
  return job;
}

static void defer_job(job_t *job, char const *text) {
  chain_verdict_t verdict = {.kind = CHAIN_DEFER, .enhanced = "4.3.0"};
  stpcpy(verdict.text, text);
  job_finish(job, &verdict);
}

/* What waits for it fails for now, so that people can see why. */
static void start_failed(worker_t *worker, int error) {
  char text[CHAIN_TEXT_MAX];
  char const *program = channel_program(worker->channel);
  snprintf(text, sizeof text, "unable to start %s: %s", program, strerror(error));
  report_trouble("worker-failed", "program", program, error);
  back_off(worker);
  /* As many as there are now: what the end of these brings about waits for the next start. */
  for (size_t i = worker->waiting; i; i--) defer_job(take_job(worker), text);
}

static void start(worker_t *worker) {
  if ((worker->channel->path ? connect_service : start_program)(worker) < 0)
    return start_failed(worker, errno);
  worker_input_init(&worker->input);
  worker_output_init(&worker->output);
}

/* ---- giving jobs ---- */

void pool_put(job_t *job) {
  worker_t *worker = pool_worker(job->channel, job->argument);
  job->next = 0;
  if (worker->last)
    worker->last->next = job;
  else
    worker->first = job;
  worker->last = job;
  worker->waiting++;
}

static size_t load(worker_t const *worker) {
  return worker->waiting + worker->given_count;
}

/* Even a worker that hangs leaves open attempts for the others. */
static size_t load_max(worker_t const *worker) {
  size_t most = attempts / worker->channel->count;
  return most < 1 ? 1 : most < LOAD_MAX ? most : LOAD_MAX;
}

bool pool_is_busy(worker_t const *worker) {
  return load(worker) >= load_max(worker);
}

bool pool_has_busy(void) {
  for (channel_t *channel = channels; channel < channels + ROUTE_CHANNELS; channel++)
    for (unsigned i = 0; i < channel->count; i++)
      if (pool_is_busy(&channel->workers[i])) return true;
  return false;
}

void pool_park(worker_t *worker, item_t *item) {
  item->state = ITEM_PARKED;
  list_append(&worker->parked[item->fresh], item);
}

/* No more than there is room for: the others would only be parked again. */
static void unpark(worker_t *worker) {
  for (size_t i = load(worker); i < (load_max(worker) + 1) / 2; i++) {
    item_t *item = list_take(&worker->parked[i % 2]);
    if (!item) item = list_take(&worker->parked[!(i % 2)]);
    if (!item) break;
    index_ready(item);
  }
}

static size_t free_slot(worker_t const *worker) {
  size_t slot = 0;
  while (worker->given[slot]) slot++;
  return slot;
}

static void keep_given(worker_t *worker, job_t *job) {
  if (!worker->given_count++) worker->deadline = clock_now() + HANG;
  worker->given[job->number % WINDOW] = job;
  in_flight++;
}

/* Gives the first job. False if it has to wait. */
static bool give_job(worker_t *worker) {
  job_t *job = worker->first;
  attempt_t const *attempt = job->recipient->attempt;
  job->number = ++jobs_given * WINDOW + free_slot(worker);
  worker_job_t message = {job->number,       attempt->entry.envelope.sender,
                          job->address,      job->argument,
                          attempt->entry.id, attempt->entry.fd};
  if (worker_job_put(&worker->output, &message) == 0) {
    keep_given(worker, take_job(worker));
    return true;
  }
  if (errno == EAGAIN) return false;
  defer_job(take_job(worker), "the job is too long for the deliverer");
  return true;
}

/* The jobs that a worker may have at one time: whatever one of them does, there are some for the
   others. */
static size_t share(worker_t const *worker) {
  size_t jobs = concurrency / worker->channel->count;
  return jobs < WINDOW ? jobs : WINDOW;
}

static void give_jobs(worker_t *worker) {
  size_t most = share(worker);
  while (!stopped && worker->waiting && worker->given_count < most && in_flight < concurrency)
    if (!give_job(worker)) break;
}

/* ---- taking results ---- */

static job_t *take_given(worker_t *worker, uint64_t number) {
  job_t *job = worker->given[number % WINDOW];
  if (!job || job->number != number) return 0;
  worker->given[number % WINDOW] = 0;
  worker->given_count--;
  in_flight--;
  return job;
}

static void disconnect(worker_t *worker) {
  close(worker->socket);
  worker->socket = -1;
  worker_input_free(&worker->input);
  back_off(worker);
}

/* Whether its jobs were done is not known: they are tried again. */
static void lose(worker_t *worker, int error) {
  report_trouble("worker-lost", "program", channel_program(worker->channel), error);
  disconnect(worker);
  for (size_t i = 0; i < WINDOW; i++)
    if (worker->given[i])
      defer_job(take_given(worker, worker->given[i]->number), "the deliverer went away");
}

/* 1, 0 none, -1 with errno. */
static int take_result(worker_t *worker) {
  worker_result_t result;
  int taken = worker_result_next(&worker->input, &result);
  if (taken <= 0) return taken;
  job_t *job = take_given(worker, result.number);
  if (!job) return errno = EPROTO, -1;
  worker->failures = 0;
  worker->deadline = clock_now() + HANG;
  job_finish(job, &result.verdict);
  return 1;
}

static void take_results(worker_t *worker) {
  int result = worker_input_read(&worker->input, worker->socket, false);
  if (result < 0 && errno == EAGAIN) return;
  if (result == 0) return lose(worker, 0);
  while (result > 0) result = take_result(worker);
  if (result < 0) lose(worker, errno);
}

/* ---- all of them ---- */

typedef void worker_f(worker_t *worker);

static void for_each_worker(worker_f *f) {
  for (channel_t *channel = channels; channel < channels + ROUTE_CHANNELS; channel++)
    for (unsigned i = 0; i < channel->count; i++) f(&channel->workers[i]);
}

static bool is_hanging(worker_t const *worker) {
  return worker->given_count && clock_now() >= worker->deadline;
}

static void run(worker_t *worker) {
  if (worker->socket >= 0 && is_hanging(worker)) {
    if (worker->pid) kill(worker->pid, SIGKILL);
    lose(worker, ETIMEDOUT);
  }
  if (worker->socket < 0 && worker->waiting && clock_now() >= worker->deadline) start(worker);
  unpark(worker);
  if (worker->socket < 0) return;
  give_jobs(worker);
  if (worker_output_pending(&worker->output) &&
      worker_output_send(&worker->output, worker->socket) < 0)
    lose(worker, errno);
}

void pool_run(void) {
  for_each_worker(run);
}

static struct pollfd *polls_end;

static void add_poll(worker_t *worker) {
  if (worker->socket < 0) return;
  short output = worker_output_pending(&worker->output) ? POLLOUT : 0;
  *polls_end++ = (struct pollfd){worker->socket, (short)(POLLIN | output), 0};
}

size_t pool_polls(struct pollfd *polls) {
  polls_end = polls;
  for_each_worker(add_poll);
  return (size_t)(polls_end - polls);
}

static struct pollfd const *polls_next;

/* In the order of add_poll. A worker that is lost here has had its turn. */
static void handle_poll(worker_t *worker) {
  if (worker->socket < 0) return;
  if ((polls_next++)->revents & ~POLLOUT) take_results(worker);
}

void pool_handle(struct pollfd const *polls) {
  polls_next = polls;
  for_each_worker(handle_poll);
}

static uint64_t earliest;

static void look_at_deadline(worker_t *worker) {
  bool matters = worker->socket < 0 ? worker->waiting : worker->given_count;
  if (matters && worker->deadline < earliest) earliest = worker->deadline;
}

uint64_t pool_deadline(void) {
  earliest = NEVER;
  for_each_worker(look_at_deadline);
  return earliest;
}

size_t pool_in_flight(void) {
  return in_flight;
}

void pool_stop(void) {
  stopped = true;
}

static void abandon(worker_t *worker) {
  for (job_t *job = worker->first; job; job = job->next) job_abandon(job);
  for (size_t i = 0; i < WINDOW; i++)
    if (worker->given[i]) job_abandon(worker->given[i]);
}

void pool_abandon(void) {
  for_each_worker(abandon);
}

void pool_child_ended(pid_t pid, int wait_status) {
  for (channel_t *channel = channels; channel < channels + ROUTE_CHANNELS; channel++)
    for (unsigned i = 0; i < channel->count; i++) {
      if (channel->workers[i].pid != pid) continue;
      channel->workers[i].pid = 0;
      if (wait_status) report_exit(channel_program(channel), wait_status);
    }
}
