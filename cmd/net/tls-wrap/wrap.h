/* wrap: what the parts of tls-wrap know of each other. They are compiled with two engines, and into
 * tls-connect, which is a client's side of the same thing. */
#ifndef TLS_WRAP_WRAP_H
#define TLS_WRAP_WRAP_H

#include <stdint.h>

#include "engine.h"
#include "tls/tls.h"

#define KEYD_TIMEOUT 10000 /* milliseconds that tls-keyd may take for an answer */

typedef struct settings {
  engine_settings_t engine;
  char const *keys;   /* a file, or a folder; NULL: ask tls-keyd */
  char const *keyd;   /* its socket */
  uint64_t handshake; /* milliseconds that it may take */
  uint64_t idle;      /* milliseconds without a byte; 0: no limit */
  int in, out;        /* the connection; in immediate mode, then the plain side */
} settings_t;

/* Who we are, and the log's words for who is at the other end; each main has one. */
typedef struct role {
  engine_side_t side;
  char const *peer, *gone, *cut, *slow;
} role_t;
extern role_t const role;

/* ---- options -t and -T ----------------------------------------------------------------------- */

void times_option(settings_t *settings, int option, char const *s);
/* What no option has set. */
void times_default(settings_t *settings);

/* Milliseconds of a clock that only goes forward. */
uint64_t now(void);

/* Sends all of it through a socket that blocks. False if that cannot be done. */
bool send_all(int fd, char const *bytes, size_t len);

/* ---- the program's side: start the helper, and exec ----------------------------------------- */

/* Become the next program with TLS to be had (UCSPI-TLS), with TLS on fd 0 and 1, or with none. */
_Noreturn void front_delayed(settings_t const *settings, char const *const *program);
_Noreturn void front_immediate(settings_t const *settings, char const *const *program);
_Noreturn void front_plain(char const *const *program);

/* ---- the helper's side ----------------------------------------------------------------------- */

/* What it ends with. */
enum {
  HELPER_FAILED = 1, /* no handshake */
  HELPER_TIMED_OUT = 99,
  HELPER_TROUBLE = 111
};

/* Waits for the wish on control, and provides TLS between the connection and plain. */
_Noreturn void helper_run(settings_t const *settings, int control, int plain);

/* The facts as UCSPI-TLS's records. Their length; they always fit. */
size_t facts_write(engine_facts_t const *facts, char bytes[TLS_RECORDS_BYTES]);

/* ---- log ------------------------------------------------------------------------------------- */

void log_done(engine_facts_t const *facts, uint64_t milliseconds);
/* engine may be NULL. */
void log_failed(char const *reason, engine_t const *engine, uint64_t milliseconds);
/* A session that ended in another way than it should. error: an errno, or 0. */
void log_broken(char const *reason, engine_t const *engine, int error);

#endif
