#include "pool.h"

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

#define WORKERS_MAX (POOL_WORKERS_MAX / ROUTE_CHANNELS) /* of a channel */
#define WINDOW      1024  /* jobs that a worker has at one time, at most */
#define CROWD       20000 /* jobs that wait; more are not begun early */
#define MINUTE      (60 * SECOND)
#define BACKOFF     SECOND /* until a worker that died is started again; it doubles */
#define BACKOFF_MAX (64 * SECOND)
#define SEND_AGAIN  (SECOND / 20)
#define WORDS_MAX   32 /* of a command */
#define COMMAND_MAX 4096

/* What kinds of deliverers can take; the last one stands for all others. */
typedef struct manner {
  char const *word;
  conf_name_t concurrency; /* groups that are given out at one time */
  bool is_shared;          /* a destination is others', so it has a limit of its own */
  size_t window;           /* jobs that a deliverer has at one time */
  uint64_t hang;           /* one that answers nothing for so long is ended */
} manner_t;

static manner_t const manners[] = {
    {"maildir", CONF_CONCURRENCY_LOCAL, false, WORKER_BATCH_MAX, 10 * MINUTE},
    {"forward", CONF_CONCURRENCY_LOCAL, false, WORKER_BATCH_MAX, 10 * MINUTE},
    {"pipe", CONF_CONCURRENCY_PIPE, true, WINDOW, 60 * MINUTE},
    {"lmtp", CONF_CONCURRENCY_LMTP, true, WINDOW, 60 * MINUTE},
    {"", CONF_CONCURRENCY_REMOTE, true, WINDOW, 60 * MINUTE},
};

/* How a channel is served. */
struct channel {
  unsigned count;
  char const *command; /* NULL: route_kinds' */
  char const *path;    /* of a service's socket, or NULL */
  manner_t const *manner;
  size_t concurrency, groups; /* that may be, that are given */
  worker_t *workers;
};

static channel_t channels[ROUTE_CHANNELS];
static size_t destination_concurrency;
static size_t in_flight;
static size_t attempts; /* that may be open at one time */
static uint64_t jobs_given;
static bool stopped;

place_t pool_no_memory;

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
    return channel->count && channel->count <= WORKERS_MAX ? 0 : -1;
  channel->path = strncmp(value, "unix:", 5) ? 0 : value + 5;
  channel->command = channel->path ? 0 : value;
  return channel->path && strlen(channel->path) >= sizeof((struct sockaddr_un *)0)->sun_path ? -1
                                                                                             : 0;
}

static char const *channel_program(channel_t const *channel) {
  if (channel->path) return channel->path;
  return channel->command ? channel->command : route_kinds[channel - channels].deliverer;
}

static manner_t const *find_manner(char const *word) {
  manner_t const *manner = manners;
  while (*manner->word && strcmp(manner->word, word) != 0) manner++;
  return manner;
}

static void make_worker(channel_t *channel, worker_t *worker) {
  static unsigned made;
  worker->channel = channel;
  worker->number = made++;
  worker->socket = -1;
  worker->place.worker = worker;
  worker->given = calloc(WINDOW, sizeof(job_t *));
  if (!worker->given) strerr_diefu1sys(111, "make workers");
}

static void make_workers(channel_t *channel, conf_t const *conf) {
  channel->manner = find_manner(route_kinds[channel - channels].word);
  channel->concurrency = conf->number[channel->manner->concurrency];
  if (!channel->count) channel->count = DEFAULT_COUNT;
  if (channel->count > channel->concurrency) channel->count = (unsigned)channel->concurrency;
  channel->workers = calloc(channel->count, sizeof *channel->workers);
  if (!channel->workers) strerr_diefu1sys(111, "make workers");
  for (unsigned i = 0; i < channel->count; i++) make_worker(channel, &channel->workers[i]);
}

void pool_open(conf_t const *conf) {
  destination_concurrency = conf->number[CONF_CONCURRENCY_DESTINATION];
  for (size_t i = 0; i < ROUTE_CHANNELS; i++) make_workers(&channels[i], conf);
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

char const *pool_channel_word(worker_t const *worker) {
  return route_kinds[worker->channel - channels].word;
}

uint64_t pool_patience(worker_t const *worker) {
  return worker->channel->manner->hang;
}

size_t pool_destination_limit(worker_t const *worker) {
  return worker->channel->manner->is_shared ? destination_concurrency : SIZE_MAX;
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

/* The attempt may end with its last job, so the group leaves it before that. */
static destination_t *leave_group(job_t const *job) {
  group_t *group = job->group;
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

/* What waits for it fails for now, so that people can see why. */
static void start_failed(worker_t *worker, int error) {
  char text[CHAIN_TEXT_MAX];
  char const *program = channel_program(worker->channel);
  snprintf(text, sizeof text, "4.3.0 unable to start %s: %s", program, strerror(error));
  report_trouble("worker-failed", "program", program, error);
  back_off(worker);
  /* As many as there are now: what the end of these brings about waits for the next start. */
  for (size_t i = worker->waiting; i && worker->waiting; i--)
    defer_job(destination_take_job(worker), text);
}

static void start(worker_t *worker) {
  if ((worker->channel->path ? connect_service : start_program)(worker) < 0)
    return start_failed(worker, errno);
  worker_input_init(&worker->input);
  worker_output_init(&worker->output);
}

/* ---- losing them ---- */

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

/* What it was not given yet of a group shares the lot of the rest. */
static void defer_giving(worker_t *worker, char const *text) {
  group_t *group = worker->giving;
  worker->giving = 0;
  for (size_t i = group ? group->count : 0; i; i--) defer_job(group_take_job(group), text);
}

/* Whether its jobs were done is not known: they are tried again. */
static void lose(worker_t *worker, int error) {
  static char const text[] = "4.3.0 the deliverer went away";
  report_trouble("worker-lost", "program", channel_program(worker->channel), error);
  disconnect(worker);
  defer_giving(worker, text);
  for (size_t i = 0; i < WINDOW; i++)
    if (worker->given[i]) defer_job(take_given(worker, worker->given[i]->number), text);
}

/* ---- giving jobs ---- */

/* Jobs and groups that a worker may have: whatever one of them does, there are some for the
   others. */
static bool has_room(worker_t const *worker) {
  channel_t const *channel = worker->channel;
  return worker->groups < channel->concurrency / channel->count &&
         worker->given_count < channel->manner->window;
}

place_t *pool_put(job_t *job) {
  attempt_t const *attempt = job->recipient->attempt;
  destination_t *destination = destination_of(job);
  if (!destination) return &pool_no_memory;
  place_t *place = destination_shut(destination, attempt);
  if (place) return place;
  return destination_put(destination, job) ? 0 : &pool_no_memory;
}

/* A worker may have as many open attempts as are left: then one that hangs has half of them, two
   have a third each, and there are always some for the others. */
static size_t load_max(void) {
  size_t running = attempts_running();
  return running < attempts ? attempts - running : 1;
}

/* What comes only now leaves room for what was parked; what is urgent goes before both. */
bool pool_is_busy(worker_t const *worker, item_t const *item) {
  size_t most = load_max();
  if (!item->class) return worker->attempts >= 2 * most;
  bool gives_way = !item->called && !place_is_empty(&worker->place);
  return worker->attempts >= (gives_way ? (most + 1) / 2 : most);
}

bool pool_is_crowded(void) {
  size_t waiting = 0;
  for (channel_t *channel = channels; channel < channels + ROUTE_CHANNELS; channel++)
    for (unsigned i = 0; i < channel->count; i++) waiting += channel->workers[i].waiting;
  return waiting > CROWD;
}

/* No more than there is room for: the others would only be parked again. */
static void unpark(worker_t *worker) {
  for (size_t i = worker->attempts; i < (load_max() + 1) / 2 && index_unpark(&worker->place);) i++;
}

static size_t free_slot(worker_t *worker) {
  while (worker->given[worker->slot]) worker->slot = (worker->slot + 1) % WINDOW;
  return worker->slot;
}

static void keep_given(worker_t *worker, job_t *job) {
  if (!worker->given_count++) worker->deadline = clock_now() + worker->channel->manner->hang;
  worker->given[job->number % WINDOW] = job;
  in_flight++;
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
  if (group->count == 1) worker->giving = 0;
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
  if (!group->count) worker->giving = 0;
  return true;
}

static void take_group(worker_t *worker) {
  if (!has_room(worker)) return;
  worker->giving =
      destination_take_group(worker, worker->channel->manner->window - worker->given_count);
}

/* A group that was begun is given whole before another one is. */
static void give_jobs(worker_t *worker) {
  while (!stopped) {
    if (!worker->giving) take_group(worker);
    if (!worker->giving) break;
    while (worker->giving && give_job(worker, worker->giving)) {}
    if (worker->giving && !send_output(worker)) return;
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
  worker->deadline = clock_now() + worker->channel->manner->hang;
  destination_hear(job->group, &result.verdict);
  finish_job(job, &result.verdict);
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

void pool_each(void (*f)(void *data, worker_t const *worker), void *data) {
  for (channel_t *channel = channels; channel < channels + ROUTE_CHANNELS; channel++)
    for (unsigned i = 0; i < channel->count; i++) f(data, &channel->workers[i]);
}

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
}

void pool_run(void) {
  destinations_run();
  for_each_worker(run);
}

static struct pollfd *polls_end;

static void add_poll(worker_t *worker) {
  if (worker->socket < 0) return;
  short output = worker_output_pending(&worker->output) && !worker->send ? POLLOUT : 0;
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
  if (worker->socket >= 0 && worker->send && worker->send < earliest) earliest = worker->send;
}

uint64_t pool_deadline(void) {
  earliest = destinations_deadline();
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
  for (job_t *job = worker->giving ? worker->giving->first : 0; job; job = job->next)
    job_abandon(job);
  for (size_t i = 0; i < WINDOW; i++)
    if (worker->given[i]) job_abandon(worker->given[i]);
}

void pool_abandon(void) {
  destinations_abandon();
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
