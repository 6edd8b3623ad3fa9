/* What smtp-inject and lmtp-inject have in common: a message chain's message handed to a server
   while the caller waits. */
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

unsigned int inject_parse_seconds(char const *s);
/* Ends the chain with the server's verdict. */
_Noreturn void inject(injection_t *injection);

/* ---- input.c: what the caller hands over ---- */

/* The edited message on fd 0. Ends the chain if it cannot be had. */
void inject_message(queue_stream_t *stream);
/* The envelope on fd 1. */
void inject_envelope(queue_envelope_t *envelope);
/* Ends the chain for errno. */
_Noreturn void inject_fail(char const *step);

#endif
