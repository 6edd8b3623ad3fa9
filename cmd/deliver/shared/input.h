/* input: what the caller of an injector hands over, at the end of a message chain. Whatever of it
   cannot be had or taken ends the chain. */
#ifndef INJECT_INPUT_H
#define INJECT_INPUT_H

#include "queue/queue.h"

/* The most that an option for an injector's patience may say. */
#define INJECT_SECONDS_MAX 86400

/* The edited message on fd 0. Ends the chain if it cannot be had. */
void inject_message(queue_stream_t *stream);
/* The envelope on fd 1. */
void inject_envelope(queue_envelope_t *envelope);
/* Ends the chain if it is to be held (RFC 4865: who offers that does so): there is no queue here.
 */
void inject_refuse_hold(queue_envelope_t const *envelope);
/* Logs the step that failed, and errno, and ends the chain: not now. */
_Noreturn void inject_fail(char const *step);

#endif
