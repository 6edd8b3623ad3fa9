#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "connection.h"
#include "deliver-smtp.h"

size_t jobs_count;

static worker_input_t input; /* all zero, as worker_input_init leaves it */
static message_t *messages;

/* ---- answers ---- */

static char answers[64 * WORKER_RESULT_MAX];
static size_t answers_len;

void jobs_flush(void) {
  if (worker_results_send(0, answers, answers_len) < 0) strerr_diefu1sys(111, "report");
  answers_len = 0;
}

static void answer(uint64_t number, chain_verdict_t const *verdict) {
  char text[CHAIN_VERDICT_SIZE];
  if (sizeof answers - answers_len < WORKER_RESULT_MAX) jobs_flush();
  chain_verdict_format(text, verdict);
  answers_len += worker_result_format(answers + answers_len, number, verdict->kind, text);
}

void job_report(job_t *job, chain_verdict_t const *verdict) {
  answer(job->number, verdict);
  free(job);
  jobs_count--;
}

/* ---- messages ---- */

static bool is_about(message_t const *message, worker_job_t const *job, struct stat const *status) {
  struct stat const *const known = &message->entry.status;
  return known->st_ino == status->st_ino && known->st_dev == status->st_dev &&
         strcmp(message->sender, job->sender) == 0;
}

static message_t *message_find(worker_job_t const *job) {
  struct stat status;
  if (fstat(job->fd, &status) < 0) return NULL;
  message_t *message = messages;
  while (message && !is_about(message, job, &status)) message = message->next;
  return message;
}

static message_t *message_new(worker_job_t const *job) {
  message_t *const message = calloc(1, sizeof *message);
  if (!message) return NULL;
  message->sender = strdup(job->sender);
  if (message->sender && queue_entry_from_fd(&message->entry, job->fd) == 0) {
    message->next = messages;
    return messages = message;
  }
  int const saved = message->sender ? errno : ENOMEM;
  free(message->sender);
  free(message);
  errno = saved;
  return NULL;
}

/* What a recipient of its envelope asked for. 0, or -1 with ENOMEM. */
static int message_asked(message_t *message, char const *recipient, dsn_asked_t *asked) {
  if (!message->asked)
    message->asked = dsn_asked_make(&message->asked_count, &message->entry.envelope);
  if (!message->asked) return errno = ENOMEM, -1;
  *asked = dsn_asked_find(message->asked, message->asked_count, recipient);
  return 0;
}

/* The message of a job, whose descriptor it takes over. NULL with errno. */
static message_t *message_of(worker_job_t const *job) {
  message_t *message = message_find(job);
  if (message) {
    close(job->fd);
    return message;
  }
  message = message_new(job);
  if (!message) {
    int const saved = errno;
    close(job->fd);
    errno = saved;
  }
  return message;
}

static void message_release(message_t *message) {
  if (message->users) return;
  message_t **at = &messages;
  while (*at != message) at = &(*at)->next;
  *at = message->next;
  queue_entry_close(&message->entry);
  free(message->asked);
  free(message->sender);
  free(message);
}

/* ---- deliveries ---- */

delivery_t *delivery_new(message_t *message) {
  delivery_t *const delivery = calloc(1, sizeof *delivery);
  if (!delivery) return NULL;
  delivery->message = message;
  delivery->end = &delivery->jobs;
  message->users++;
  return delivery;
}

void delivery_add(delivery_t *delivery, job_t *job) {
  job->next = NULL;
  *delivery->end = job;
  delivery->end = &job->next;
  delivery->count++;
}

job_t *delivery_shift(delivery_t *delivery) {
  job_t *const job = delivery->jobs;
  if (!job) return NULL;
  delivery->jobs = job->next;
  if (!job->next) delivery->end = &delivery->jobs;
  delivery->count--;
  return job;
}

void delivery_free(delivery_t *delivery) {
  delivery->message->users--;
  message_release(delivery->message);
  free(delivery);
}

void delivery_fail(delivery_t *delivery, chain_verdict_t const *verdict) {
  for (job_t *job; (job = delivery_shift(delivery));) job_report(job, verdict);
  delivery_free(delivery);
}

/* ---- taking ---- */

static chain_verdict_t const bad_destination = {CHAIN_REJECT, 0, "5.1.2", "not a destination"};
chain_verdict_t const no_memory = {CHAIN_DEFER, 0, "4.3.0", "out of memory"};

static chain_verdict_t const *bad_entry(int error) {
  static chain_verdict_t verdict;
  verdict = (chain_verdict_t){CHAIN_DEFER, 0, "4.3.0", "unable to read the queue entry: "};
  verdict_add(&verdict, strerror(error));
  return &verdict;
}

/* An ORCPT that was made is kept with it. */
static job_t *job_new(worker_job_t const *job, message_t *message) {
  char made[DELIVERY_ORCPT_SIZE] = "";
  dsn_asked_t asked;
  size_t const size = strlen(job->recipient) + 1;
  if (message_asked(message, job->original, &asked) < 0) return NULL;
  delivery_wishes_t wishes = delivery_wishes(&asked, job->recipient, job->expanded, made);
  job_t *const copy = malloc(sizeof *copy + size + strlen(made) + 1);
  if (!copy) return NULL;
  memcpy(copy->recipient, job->recipient, size);
  if (wishes.orcpt == made) wishes.orcpt = strcpy(copy->recipient + size, made);
  copy->number = job->number;
  copy->wishes = wishes;
  return copy;
}

static chain_verdict_t const *failure_of(int error) {
  return error == ENOMEM ? &no_memory : error == EINVAL ? &bad_destination : bad_entry(error);
}

/* 0, or -1 with errno. */
static int hand_over(worker_job_t const *job, message_t *message) {
  destination_t *const destination = destination_of(job->argument);
  job_t *const copy = destination ? job_new(job, message) : NULL;
  if (copy && destination_add(destination, message, copy) == 0) return 0;
  int const saved = destination ? ENOMEM : errno;
  free(copy);
  return errno = saved, -1;
}

/* What stands in the way; NULL: it is on its way. */
static chain_verdict_t const *take_job(worker_job_t const *job) {
  message_t *const message = message_of(job);
  if (!message) return errno == ENOMEM ? &no_memory : bad_entry(errno);
  chain_verdict_t const *const reason = hand_over(job, message) < 0 ? failure_of(errno) : NULL;
  message_release(message);
  return reason;
}

/* 1, 0 at the end, -1 if nothing is at hand. */
static int read_jobs(void) {
  int const result = worker_input_read(&input, 0);
  if (result < 0 && errno != EAGAIN) strerr_diefu1sys(111, "read jobs");
  return result;
}

bool jobs_take(void) {
  worker_job_t job;
  while (jobs_count < JOBS_MAX) {
    int const taken = worker_job_next(&input, &job);
    if (taken < 0) strerr_diefu1sys(111, "understand a job");
    if (taken) {
      jobs_count++;
      chain_verdict_t const *const reason = take_job(&job);
      if (!reason) continue;
      answer(job.number, reason);
      jobs_count--;
    } else {
      int const more = read_jobs();
      if (more <= 0) return more != 0;
    }
  }
  return true;
}
