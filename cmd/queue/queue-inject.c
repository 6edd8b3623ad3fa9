#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "log/log.h"
#include "queue/queue.h"

#define USAGE    "queue-inject [-q queue]"
#define WAIT_MAX 86400 /* seconds that a caller may take to write to its pipes */

char const *PROG = "queue-inject";

/* ---- failures ---- */

static char const *id; /* of the entry */

static _Noreturn void fail(queue_failure_t const *failure, char const *step, int error) {
  log_line_t line;
  log_start(&line, PROG, "failure");
  log_str(&line, "id", id);
  log_str(&line, "step", step);
  log_errno(&line, error);
  log_str(&line, "reason", failure->text);
  log_send(&line);
  if (chain_verdict_fd() < 0) _exit(failure->exit_code);
  chain_end(failure->kind, failure->code, failure->enhanced, failure->text);
}

/* ---- the message, fd 0 ---- */

typedef struct message {
  int fd;
  struct stat status;
} message_t;

/* Is it the file that we were told of, with as many bytes? */
static bool is_told(struct stat const *status) {
  char const *told = getenv("MESSAGE_FILE");
  char fact[QUEUE_SPOOL_FACT_SIZE];
  if (!told || !S_ISREG(status->st_mode)) return false;
  queue_spool_fact(fact, status);
  return !strcmp(told, fact);
}

/* Is fd 0 the file that a link before this one spooled the message into? */
static bool is_spooled(struct stat const *status) {
  return !status->st_nlink && status->st_uid == geteuid() && is_told(status);
}

/* A link may have run another queue-inject, which made an entry of that file: what came behind the
   message is not of it, and others' recipients stand there. */
static void cut_trailer(message_t const *message) {
  struct stat status = message->status;
  queue_entry_t entry;
  if (!getenv("MESSAGE_FILE") || queue_entry_from_fd(&entry, 0) < 0) return;
  status.st_size = (off_t)entry.message_size;
  if (is_told(&status) && ftruncate(message->fd, status.st_size) < 0)
    fail(&queue_failures[QUEUE_WRITE_FAILED], "cut the trailer", errno);
}

static void end_late(int sig) {
  (void)sig;
  _exit(CHAIN_EXIT_TIMEOUT);
}

static void copy_message(message_t *message, char const *queue) {
  signal(SIGALRM, end_late);
  alarm(WAIT_MAX);
  message->fd = queue_spool_open(queue);
  if (message->fd < 0) fail(queue_failure_of(errno), "open a spool file", errno);
  queue_failure_t const *failure = queue_spool_fill(message->fd, 0);
  if (failure) fail(failure, "copy the message", errno);
  cut_trailer(message);
  if (fstat(message->fd, &message->status) < 0)
    fail(&queue_failures[QUEUE_WRITE_FAILED], "stat the message", errno);
}

static void take_message(message_t *message, char const *queue) {
  message->fd = 0;
  if (fstat(0, &message->status) < 0)
    fail(&queue_failures[QUEUE_READ_FAILED], "stat the message", errno);
  if (!is_spooled(&message->status)) copy_message(message, queue);
}

/* ---- the envelope, fd 1 ---- */

static queue_failure_t const *envelope_failure(int error) {
  if (error == EMSGSIZE) return &queue_failures[QUEUE_LARGE_ENVELOPE];
  return &queue_failures[error == ENOMEM ? QUEUE_NO_MEMORY : QUEUE_READ_FAILED];
}

static char const *read_envelope(size_t *len) {
  char const *bytes = queue_envelope_read(len);
  if (!bytes) fail(envelope_failure(errno), "read the envelope", errno);
  return bytes;
}

/* ---- the entry ---- */

static char const *choose_id(void) {
  static char made[CHAIN_ID_SIZE + 1];
  char const *given = getenv("QUEUE_ID");
  if (given && chain_id_valid(given)) return given;
  chain_id_make(made);
  return made;
}

static _Noreturn void accept_entry(void) {
  char text[sizeof "queued as " + CHAIN_ID_SIZE] = "queued as ";
  memcpy(text + sizeof "queued as " - 1, id, CHAIN_ID_SIZE + 1);
  chain_accept(text);
}

static void parse_options(int argc, char const *const *argv, char const **queue) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "hq:", &options)) >= 0;) switch (option) {
    case 'q': *queue = options.arg; break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  if (options.ind < argc) strerr_dieusage(100, USAGE);
}

int main(int argc, char const *const *argv) {
  char const *queue = conf_queue();
  message_t message;
  parse_options(argc, argv, &queue);
  log_session(getenv("SESSION_ID"));
  signal(SIGPIPE, SIG_IGN);
  id = choose_id();
  take_message(&message, queue);
  queue_injection_t injection = {.queue = queue,
                                 .id = id,
                                 .fd = message.fd,
                                 .status = &message.status,
                                 .environment = (char const *const *)environ};
  injection.envelope = read_envelope(&injection.envelope_len);
  if (message.fd) alarm(0);
  queue_failure_t const *failure = queue_inject(&injection);
  if (failure) fail(failure, injection.step, injection.error);
  accept_entry();
}
