/* deliver-forward: see deliver-forward(8). The jobs that are at hand are taken, those that can make
   one message are put together, and each message is injected. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"
#include "conf/conf.h"
#include "delivery/delivery.h"
#include "queue/queue.h"
#include "worker/worker.h"

char const *PROG = "deliver-forward";

#define USAGE "deliver-forward [-q queue]"

/* A job, with its strings: what worker_job_next gives is gone at the next read. */
typedef struct forward {
  worker_job_t job;
  bool grouped; /* its message is made, or cannot be */
  char strings[WORKER_FRAME_MAX];
} forward_t;

static char const *queue;
static worker_input_t input;
static forward_t batch[WORKER_BATCH_MAX];
static size_t jobs;

/* ---- results ---- */

static void send_result(char const *s, size_t len) {
  if (worker_results_send(0, s, len) < 0) strerr_diefu1sys(111, "report");
}

/* The verdict on a group: what is told to each of its jobs. */
typedef struct outcome {
  chain_kind_t kind;
  char text[CHAIN_TEXT_MAX];
} outcome_t;

static outcome_t failed(char const *step) {
  outcome_t outcome = {.kind = CHAIN_DEFER};
  snprintf(outcome.text, sizeof outcome.text, "4.3.0 unable to %s: %s", step, strerror(errno));
  return outcome;
}

static outcome_t refused(queue_failure_t const *failure, queue_injection_t const *injection) {
  outcome_t outcome = {.kind = CHAIN_DEFER};
  bool bad_address = failure->kind == CHAIN_REJECT; /* the routes', not the sender's */
  snprintf(outcome.text, sizeof outcome.text, "%s %s: unable to %s: %s",
           bad_address ? "4.3.5" : failure->enhanced, failure->text, injection->step,
           strerror(injection->error));
  return outcome;
}

/* ---- groups: jobs that forward one message for one recipient ---- */

static bool belongs(forward_t const *forward, worker_job_t const *first) {
  worker_job_t const *job = &forward->job;
  return !forward->grouped && !strcmp(job->id, first->id) && !strcmp(job->sender, first->sender) &&
         !strcmp(job->recipient, first->recipient) && !strcmp(job->original, first->original);
}

static void report_group(worker_job_t const *first, outcome_t const *outcome) {
  char frame[WORKER_RESULT_MAX];
  for (forward_t *forward = batch; forward < batch + jobs; forward++) {
    if (!belongs(forward, first)) continue;
    forward->grouped = true;
    uint64_t number = forward->job.number;
    send_result(frame, worker_result_format(frame, number, outcome->kind, outcome->text));
  }
}

/* ---- the new message's envelope ---- */

static bool put_string(stralloc *envelope, char const *before, char const *s) {
  return stralloc_cats(envelope, before) && stralloc_catb(envelope, s, strlen(s) + 1);
}

static bool put_parameter(stralloc *envelope, char const *name, char const *value) {
  return !value || (stralloc_cats(envelope, name) && put_string(envelope, "=", value));
}

/* Ends a P record that began at start and has parameters from first on; without one it is none. */
static bool end_record(stralloc *envelope, size_t start, size_t first) {
  if (envelope->len > first) return stralloc_0(envelope);
  envelope->len = start;
  return true;
}

/* What goes on with the message: other parameters are this host's affair, or speak of a time that
   is over. */
static bool put_message_parameters(stralloc *envelope, queue_entry_t const *old) {
  static char const *const names[] = {"RET", "ENVID", "MT-PRIORITY", "AUTH"};
  size_t const start = envelope->len, first = start + sizeof "P";
  char left[SMTP_BY_SIZE];
  smtp_by_t by;
  if (!put_string(envelope, "P", "")) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!put_parameter(envelope, names[i], queue_envelope_value(&old->envelope, "", names[i])))
      return false;
  bool const timed = delivery_by(&by, old, delivery_now());
  if (timed) smtp_by_format(left, &by);
  return put_parameter(envelope, "BY", timed ? left : 0) && end_record(envelope, start, first);
}

static bool put_wishes(stralloc *envelope, worker_job_t const *job, dsn_asked_t const *asked) {
  char made[DELIVERY_ORCPT_SIZE];
  size_t const start = envelope->len, first = start + strlen(job->argument) + sizeof "P";
  delivery_wishes_t const wishes = delivery_wishes(asked, job->argument, job->expanded, made);
  return put_string(envelope, "P", job->argument) &&
         put_parameter(envelope, "NOTIFY", wishes.notify) &&
         put_parameter(envelope, "ORCPT", wishes.orcpt) && end_record(envelope, start, first);
}

static bool put_recipients(stralloc *envelope, worker_job_t const *first) {
  for (forward_t const *forward = batch; forward < batch + jobs; forward++)
    if (belongs(forward, first) && !put_string(envelope, "T", forward->job.argument)) return false;
  return stralloc_0(envelope);
}

/* What the recipient of a group asked for: all of its jobs have the same. False: no memory. */
static bool find_asked(dsn_asked_t *asked, worker_job_t const *first, queue_envelope_t const *old) {
  size_t count = 0;
  dsn_asked_t *const all = dsn_asked_make(&count, old);
  if (!all) return false;
  *asked = dsn_asked_find(all, count, first->original);
  free(all);
  return true;
}

static bool put_parameters(stralloc *envelope, worker_job_t const *first,
                           queue_entry_t const *old) {
  dsn_asked_t asked;
  if (!find_asked(&asked, first, &old->envelope) || !put_message_parameters(envelope, old))
    return false;
  for (forward_t const *forward = batch; forward < batch + jobs; forward++)
    if (belongs(forward, first) && !put_wishes(envelope, &forward->job, &asked)) return false;
  return true;
}

/* In *envelope. False: no memory. */
static bool make_envelope(stralloc *envelope, worker_job_t const *first, queue_entry_t const *old) {
  envelope->len = 0;
  return put_string(envelope, "F", first->sender) && put_recipients(envelope, first) &&
         put_parameters(envelope, first, old);
}

/* ---- the new message ---- */

static int put_message(int fd, worker_job_t const *first, queue_entry_t const *entry) {
  char field[DELIVERY_FIELD_SIZE];
  return queue_entry_write(fd, field, delivery_delivered_to(field, first->recipient), entry);
}

/* What the old entry knows, as an environment that says it; it was held, and was let go. */
static void make_environment(char const **environment, queue_entry_t const *entry) {
  size_t count = 0;
  char const *end = entry->facts + entry->facts_len;
  for (char const *s = entry->facts; s < end && count < QUEUE_FACTS_MAX; s += strlen(s) + 1)
    if (strncmp(s + 1, "SMTP_HOLD=", sizeof "SMTP_HOLD=" - 1) != 0) environment[count++] = s + 1;
  if (queue_entry_fact(entry, "TCPREMOTEIP")) environment[count++] = "PROTO=TCP";
  environment[count] = 0;
}

static outcome_t inject(worker_job_t const *first, queue_entry_t const *entry, int fd) {
  static stralloc envelope = STRALLOC_ZERO;
  char const *environment[QUEUE_FACTS_MAX + 2];
  char id[CHAIN_ID_SIZE + 1];
  struct stat status;
  if (!make_envelope(&envelope, first, entry)) return failed("make an envelope");
  if (fstat(fd, &status) < 0) return failed("stat the message");
  make_environment(environment, entry);
  chain_id_make(id);
  queue_injection_t injection = {.queue = queue,
                                 .id = id,
                                 .fd = fd,
                                 .status = &status,
                                 .envelope = envelope.s,
                                 .envelope_len = envelope.len,
                                 .environment = environment};
  queue_failure_t const *failure = queue_inject(&injection);
  if (failure) return refused(failure, &injection);
  outcome_t outcome = {.kind = CHAIN_ACCEPT};
  snprintf(outcome.text, sizeof outcome.text, "forwarded as %s", id);
  return outcome;
}

static outcome_t forward_entry(worker_job_t const *first, queue_entry_t const *entry) {
  int loop = delivery_is_loop(entry, first->recipient);
  if (loop < 0) return failed("read the message");
  if (loop) return (outcome_t){CHAIN_REJECT, DELIVERY_LOOP_TEXT};
  if (delivery_is_late(entry)) return (outcome_t){CHAIN_REJECT, DELIVERY_LATE_TEXT};
  int fd = queue_spool_open(queue);
  if (fd < 0) return failed("open a file in the queue");
  outcome_t outcome =
      put_message(fd, first, entry) < 0 ? failed("copy the message") : inject(first, entry, fd);
  close(fd);
  return outcome;
}

static void forward_group(worker_job_t *first) {
  queue_entry_t entry;
  outcome_t outcome;
  if (queue_entry_from_fd(&entry, first->fd) < 0) {
    outcome = failed("read the queue entry");
  } else {
    first->fd = -1; /* it is the entry's now */
    outcome = forward_entry(first, &entry);
    queue_entry_close(&entry);
  }
  report_group(first, &outcome);
}

/* ---- taking jobs ---- */

static void keep_job(forward_t *forward, worker_job_t const *job) {
  forward->grouped = false;
  forward->job = *job;
  worker_job_keep(&forward->job, forward->strings);
}

/* 1, 0 at the end, -1 if nothing is at hand; the first job is waited for. */
static int read_jobs(void) {
  int result = jobs ? worker_input_read(&input, 0) : worker_input_wait(&input, 0);
  if (result < 0 && errno != EAGAIN) strerr_diefu1sys(111, "read jobs");
  return result;
}

/* Takes what is at hand. False at the end of all jobs. */
static bool take_jobs(void) {
  worker_job_t job;
  int more = 1;
  for (jobs = 0; jobs < WORKER_BATCH_MAX;) {
    int taken = worker_job_next(&input, &job);
    if (taken < 0) strerr_diefu1sys(111, "understand a job");
    if (taken)
      keep_job(&batch[jobs++], &job);
    else if ((more = read_jobs()) <= 0)
      break;
  }
  return more != 0;
}

static void forward_jobs(void) {
  for (size_t i = 0; i < jobs; i++)
    if (!batch[i].grouped) forward_group(&batch[i].job);
  for (size_t i = 0; i < jobs; i++)
    if (batch[i].job.fd >= 0) close(batch[i].job.fd);
}

/* ---- set-up ---- */

static void parse_options(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  queue = conf_queue();
  for (int option; (option = subgetopt_r(argc, argv, "q:h", &options)) != -1;) {
    if (option != 'q') strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    queue = options.arg;
  }
  if (options.ind != argc) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  parse_options(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_DUMPABLE, 0);
  worker_input_init(&input);
  for (bool more = true; more;) {
    more = take_jobs();
    forward_jobs();
  }
  return 0;
}
