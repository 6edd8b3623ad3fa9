/* inject: what smtp-inject and lmtp-inject have in common: a message chain's message handed to a
   server while the caller waits. */
#ifndef INJECT_H
#define INJECT_H

#include "input.h"
#include "relay/relay.h"

typedef struct injection {
  char const *server;
  uint16_t port;                  /* where server has none */
  char const *sender, *recipient; /* instead of the envelope's; NULL: those */
  char const *name;               /* that we say we are; NULL: the setting me */
  unsigned int most;              /* seconds that any step may take, to INJECT_SECONDS_MAX */
  relay_settings_t session;       /* protocol, and what else the command line says */
} injection_t;

/* Ends the chain with the server's verdict. */
_Noreturn void inject(injection_t *injection);

#endif
