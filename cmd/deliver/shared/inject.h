/* What smtp-inject and lmtp-inject have in common: a message chain's message handed to a server
   while the caller waits; sendmail-inject, which hands it to a program, has input.c's part. */
#ifndef INJECT_H
#define INJECT_H

#include "dsn/dsn.h"
#include "relay/relay.h"

typedef struct injection {
  char const *server;
  uint16_t port;                  /* where server has none */
  char const *sender, *recipient; /* instead of the envelope's; NULL: those */
  char const *name;               /* that we say we are; NULL: the setting me */
  unsigned int most;              /* seconds that any step may take */
  relay_settings_t session;       /* protocol, and what else the command line says */
} injection_t;

/* The most that an option for such seconds may say. */
#define INJECT_SECONDS_MAX 86400

/* Ends the chain with the server's verdict. */
_Noreturn void inject(injection_t *injection);

/* ---- input.c: what the caller hands over ---- */

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
