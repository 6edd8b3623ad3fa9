/* relay: bytes between the client, the engine and the program. */
#ifndef TLS_WRAP_RELAY_H
#define TLS_WRAP_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

/* ready: a call would move bytes, as far as is known. ended: none will come any more, or none will
   be taken. */
typedef struct relay_end {
  int fd;
  bool ready, ended;
} relay_end_t;

typedef struct relay {
  engine_t *engine;
  relay_end_t from_client, to_client, from_program, to_program;
  bool program_gone; /* its end is closed */
  bool busy;         /* there was more to move when it was time to look at the clock */
  uint64_t deadline; /* of what it has left to say; 0: it has not gone */
  int error;         /* of the client's connection, an errno */
} relay_t;

typedef enum relay_result {
  RELAY_DONE,      /* the handshake is; or the program has said all it had to say */
  RELAY_CLOSED,    /* the client said close_notify */
  RELAY_TRUNCATED, /* the client's bytes end without one */
  RELAY_FAILED,    /* the engine tells why */
  RELAY_TIMED_OUT,
  RELAY_PROGRAM_GONE /* and the handshake has come to nothing, or what it left is not taken */
} relay_result_t;

/* in and out are the client's, plain the program's; all three do not block from now on. False, with
   errno, if that cannot be had: nothing would keep the time then. */
bool relay_init(relay_t *relay, engine_t *engine, int in, int out, int plain);

/* Moves bytes until the handshake is done, for timeout milliseconds at most. */
relay_result_t relay_handshake(relay_t *relay, uint64_t timeout);

/* Moves bytes both ways until there is something to tell: idle is how many milliseconds may pass
   without one, 0 for no limit; rest is how many the client may take, when the program has gone, for
   what is left of it. RELAY_TRUNCATED and RELAY_CLOSED are told when the program has all
   that came before, and once: then it goes on with what the program says. */
relay_result_t relay_stream(relay_t *relay, uint64_t idle, uint64_t rest);

/* Sends what is left and close_notify, for timeout milliseconds at most; then waits a little for
   the client's own end, so that it can read our last bytes. */
void relay_finish(relay_t *relay, uint64_t timeout);

#endif
