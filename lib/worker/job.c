#include <string.h>

#include "worker/worker.h"

size_t worker_job_size(worker_job_t const *job) {
  return strlen(job->sender) + strlen(job->recipient) + strlen(job->argument) + strlen(job->id) +
         strlen(job->original) + 5;
}

static char const *keep(char **memory, char const *s) {
  char *const kept = *memory;
  *memory = stpcpy(kept, s) + 1;
  return kept;
}

void worker_job_keep(worker_job_t *job, char *memory) {
  job->sender = keep(&memory, job->sender);
  job->recipient = keep(&memory, job->recipient);
  job->argument = keep(&memory, job->argument);
  job->id = keep(&memory, job->id);
  job->original = keep(&memory, job->original);
}
