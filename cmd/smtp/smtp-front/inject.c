#include <string.h>

#include "conf/conf.h"
#include "queue/queue.h"
#include "session.h"

static void log_failure(session_t const *session, queue_injection_t const *injection,
                        queue_failure_t const *failure) {
  log_line_t line;
  log_start(&line, PROGRAM, "queue-failed");
  log_str(&line, "id", session->transaction.id);
  log_str(&line, "step", injection->step);
  log_errno(&line, injection->error);
  log_str(&line, "reason", failure->text);
  log_send(&line);
}

static void refuse(chain_verdict_t *verdict, queue_failure_t const *failure) {
  verdict->kind = failure->kind;
  verdict->code = failure->code;
  strcpy(verdict->enhanced, failure->enhanced);
  strcpy(verdict->text, failure->text);
}

static void accept(chain_verdict_t *verdict, char const *id) {
  *verdict = (chain_verdict_t){.kind = CHAIN_ACCEPT};
  strcpy(stpcpy(verdict->text, "queued as "), id);
}

int message_inject(session_t *session, chain_verdict_t *verdict) {
  transaction_t const *transaction = &session->transaction;
  struct stat status;
  queue_injection_t injection = {.queue = conf_queue(),
                                 .id = transaction->id,
                                 .fd = transaction->message.fd,
                                 .status = &status,
                                 .environment = environment_build(session, NULL)};
  if (fstat(injection.fd, &status) < 0) return -1;
  if (spill_view(&session->envelope, &injection.envelope, &injection.envelope_len) < 0) return -1;
  queue_failure_t const *failure = queue_inject(&injection);
  if (!failure) return accept(verdict, transaction->id), 0;
  log_failure(session, &injection, failure);
  refuse(verdict, failure);
  return 0;
}
