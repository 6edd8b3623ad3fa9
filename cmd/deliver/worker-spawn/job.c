#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock/clock.h"
#include "queue/queue.h"
#include "spawn.h"

job_list_t jobs_waiting;

static job_t jobs[JOBS_MAX];
static size_t in_hand;

/* ---- lists ---- */

void job_list_append(job_list_t *list, job_t *job) {
  job->next = NULL;
  *(list->last ? &list->last->next : &list->first) = job;
  list->last = job;
  list->count++;
}

void job_list_remove(job_list_t *list, job_t *job) {
  job_t *previous = NULL, *at = list->first;
  for (; at != job; previous = at, at = at->next) {}
  *(previous ? &previous->next : &list->first) = job->next;
  if (list->last == job) list->last = previous;
  list->count--;
}

/* ---- places: whoever has one of them has strings, or a child ---- */

static bool is_free(job_t const *job) {
  return !job->strings && !job->child;
}

static job_t *free_place(void) {
  static size_t next;
  while (!is_free(&jobs[next])) next = (next + 1) % JOBS_MAX;
  return &jobs[next];
}

job_t *job_numbered(uint64_t number) {
  return number < JOBS_MAX ? &jobs[number] : NULL;
}

uint64_t job_number(job_t const *job) {
  return (uint64_t)(job - jobs);
}

size_t jobs_in_hand(void) {
  return in_hand;
}

/* ---- taking ---- */

static int keep_strings(job_t *job) {
  job->strings = malloc(worker_job_size(&job->asked));
  if (!job->strings) return -1;
  worker_job_keep(&job->asked, job->strings);
  return 0;
}

static void set_name(job_t *job, route_account_t const *account) {
  job->has_owner = *account->name;
  if (job->has_owner)
    stpcpy(job->name, account->name);
  else
    suspect_name(job->name, job->place);
}

static void answer_at_once(worker_job_t const *job, char const *text) {
  report(job->number, CHAIN_DEFER, text);
  close(job->fd);
}

void job_take(worker_job_t const *asked) {
  static route_account_t account;
  char problem[PROBLEM_SIZE];
  struct stat status;
  if (account_find(&account, asked, problem) < 0) return answer_at_once(asked, problem);
  job_t *job = free_place();
  *job = (job_t){.asked = *asked,
                 .place = queue_target("", asked->argument, ""),
                 .since = clock_milliseconds()};
  if (fstat(asked->fd, &status) < 0 || keep_strings(job) < 0) {
    snprintf(problem, sizeof problem, "4.3.0 unable to keep the job: %s", strerror(errno));
    return answer_at_once(asked, problem);
  }
  job->size = (uint64_t)status.st_size;
  set_name(job, &account);
  job_list_append(&jobs_waiting, job);
  in_hand++;
}

/* ---- ending ---- */

void job_strip(job_t *job) {
  close(job->asked.fd);
  free(job->strings);
  job->strings = NULL;
}

void job_answer(job_t *job, chain_kind_t kind, char const *text) {
  report(job->asked.number, kind, text);
  if (job->strings) job_strip(job);
  job->child = NULL;
  in_hand--;
}

void job_refuse(job_t *job, char const *text) {
  job_list_remove(&jobs_waiting, job);
  job_answer(job, CHAIN_DEFER, text);
}

/* ---- those that wait ---- */

void jobs_review(void) {
  static route_account_t account;
  char problem[PROBLEM_SIZE];
  for (job_t *job = jobs_waiting.first, *next; job; job = next) {
    next = job->next;
    if (account_find(&account, &job->asked, problem) < 0)
      job_refuse(job, problem);
    else
      set_name(job, &account);
  }
}

void jobs_give(void) {
  for (job_t *job = jobs_waiting.first, *next; job; job = next) {
    next = job->next;
    children_give(job);
  }
}

void jobs_drop(void) {
  while (jobs_waiting.first) job_refuse(jobs_waiting.first, "");
}
