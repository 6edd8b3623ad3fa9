#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "deliver.h"

job_t *jobs;

static job_t **tail = &jobs;
static size_t count; /* taken and not answered */
static worker_input_t input;

bool jobs_wanted(void) {
  return count < JOBS_MAX;
}

/* The strings of from become the job's own. */
static void add(worker_job_t *from) {
  job_t *const job = malloc(sizeof *job + worker_job_size(from));
  if (!job) strerr_diefu1sys(111, "keep a job");
  worker_job_keep(from, job->strings);
  *job = (job_t){.number = from->number,
                 .mailbox = queue_target("lmtp", from->argument, from->recipient),
                 .fd = from->fd,
                 .expanded = from->expanded,
                 .sender = from->sender,
                 .recipient = from->recipient,
                 .server = from->argument,
                 .id = from->id,
                 .original = from->original};
  *tail = job;
  tail = &job->next;
  count++;
}

bool jobs_take(void) {
  worker_job_t job;
  while (jobs_wanted()) {
    int const taken = worker_job_next(&input, &job);
    if (taken < 0) strerr_diefu1sys(111, "understand a job");
    if (taken) {
      add(&job);
      continue;
    }
    int const more = worker_input_read(&input, 0);
    if (more == 0) return false;
    if (more < 0 && errno != EAGAIN) strerr_diefu1sys(111, "read jobs");
    if (more < 0) return true;
  }
  return true;
}

/* Takes *at out of the list. */
static job_t *unlink_job(job_t **at) {
  job_t *const job = *at;
  *at = job->next;
  if (tail == &job->next) tail = at;
  return job;
}

static bool is_like(job_t const *job, job_t const *like) {
  return !strcmp(job->id, like->id) && !strcmp(job->server, like->server) &&
         !strcmp(job->sender, like->sender);
}

size_t jobs_pick(job_t **picked, size_t max, job_t const *like, bool (*may_go)(job_t const *)) {
  size_t n = 0;
  for (job_t **at = &jobs; *at && n < max;) {
    if (is_like(*at, n ? picked[0] : like) && may_go(*at))
      picked[n++] = unlink_job(at);
    else
      at = &(*at)->next;
  }
  return n;
}

void jobs_return(job_t *const *picked, size_t n) {
  while (n--) {
    picked[n]->next = jobs;
    if (!jobs) tail = &picked[n]->next;
    jobs = picked[n];
  }
}

void job_report(job_t *job, chain_verdict_t const *verdict) {
  char text[CHAIN_VERDICT_SIZE], result[WORKER_RESULT_MAX];
  chain_verdict_format(text, verdict);
  size_t const len = worker_result_format(result, job->number, verdict->kind, text);
  if (worker_results_send(0, result, len) < 0) strerr_diefu1sys(111, "report");
  close(job->fd);
  job->answered = true;
  count--;
}

void job_answer(job_t *job, chain_verdict_t const *verdict) {
  job_report(job, verdict);
  free(job);
}

void job_refuse(job_t *job, chain_verdict_t const *verdict) {
  job_t **at = &jobs;
  while (*at != job) at = &(*at)->next;
  job_answer(unlink_job(at), verdict);
}

void jobs_answer_all(char const *server, chain_verdict_t const *verdict) {
  for (job_t *job = jobs, *next; job; job = next) {
    next = job->next;
    if (!strcmp(job->server, server)) job_refuse(job, verdict);
  }
}
