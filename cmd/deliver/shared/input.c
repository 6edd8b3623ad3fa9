#include "input.h"

#include <unistd.h>

#include "chain/chain.h"
#include "conf/conf.h"
#include "log/log.h"

extern char const *PROG;

static _Noreturn void fail(char const *enhanced, char const *text, char const *step) {
  log_failed_step(PROG, step);
  chain_defer(451, enhanced, text);
}

_Noreturn void inject_fail(char const *step) {
  fail("4.3.0", "the message cannot be handed on now", step);
}

/* ---- the message ---- */

void inject_message(queue_stream_t *stream) {
  char const *step;
  queue_failure_t const *failure = queue_message_edited(stream, conf_queue(), &step);
  if (failure == &queue_failures[QUEUE_BAD_EDITS]) fail(failure->enhanced, failure->text, step);
  if (failure) inject_fail(step);
}

/* ---- the envelope ---- */

void inject_envelope(queue_envelope_t *envelope) {
  size_t len;
  char const *const bytes = queue_envelope_read(&len);
  if (!bytes) inject_fail("read the envelope");
  if (queue_envelope_parse(envelope, bytes, len) == 0) return;
  if (chain_verdict_fd() < 0) _exit(CHAIN_EXIT_ENVELOPE);
  fail("4.3.0", "a bad envelope", "parse the envelope");
}

void inject_refuse_hold(queue_envelope_t const *envelope) {
  if (queue_envelope_value(envelope, "", "HOLDFOR") ||
      queue_envelope_value(envelope, "", "HOLDUNTIL"))
    chain_reject(554, "5.3.3", "messages cannot be held here");
}
