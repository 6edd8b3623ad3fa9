/* wire: the client's bytes: lines in, replies out, with deadlines. Its descriptors are fd 0 and 1,
 * and after STARTTLS the pair that the TLS provider gave. */
#ifndef SMTP_FRONT_WIRE_H
#define SMTP_FRONT_WIRE_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "clock/clock.h"

#define WIRE_INPUT_SIZE    262144 /* bytes; only a large message touches more than the first page */
#define WIRE_PAGE          4096
#define WIRE_OUTPUT_SIZE   8192
#define WIRE_LINE_MAX      4096  /* bytes of a command line that is still understood, AUTH aside */
#define WIRE_CHALLENGE_MAX 4000  /* bytes of a challenge */
#define WIRE_LINE_ENDLESS  65536 /* bytes of a line that nobody wants to see the end of */

typedef enum wire_status {
  WIRE_OK,
  WIRE_LONG,    /* a line that is too long was skipped */
  WIRE_ENDLESS, /* a line over WIRE_LINE_ENDLESS */
  WIRE_TIMEOUT,
  WIRE_OVERTIME, /* the session's time is up */
  WIRE_GONE,     /* the client closed its side */
  WIRE_BROKEN    /* reset, or another error */
} wire_status_t;

typedef struct wire {
  int in, out;
  int64_t session_end; /* milliseconds, as clock_milliseconds tells them */
  int64_t read_limit;  /* milliseconds after which a read ends by itself, or 0: it does not */
  unsigned int write_seconds;
  wire_status_t output_status; /* WIRE_OK until a write failed; then output is dropped */
  size_t start, end;           /* what was read and not yet taken: input[start..end) */
  size_t touched;              /* no line has left anything in the input from here on */
  char skipped[8];             /* how a line began that was skipped */
  size_t output_len;
  char output[WIRE_OUTPUT_SIZE];
  alignas(WIRE_PAGE) char input[WIRE_INPUT_SIZE];
} wire_t;

/* Has reads end by themselves after so many milliseconds, if in is a socket: while no less time is
   left they are then made without a poll before them. It holds for all who read from the socket; 0:
   not any more. */
void wire_limit_reads(wire_t *wire, int64_t ms);

/* Waits for an event of poll's on fd, until deadline or the session's end. */
wire_status_t wire_wait(wire_t const *wire, int fd, short event, int64_t deadline);

/* Takes the next line, of at most so many bytes, without its end (CRLF, or LF as people type it),
   or with WIRE_LONG how it began, 8 bytes or more. It is valid until the next call. Output is sent
   before it waits. */
wire_status_t wire_line(wire_t *wire, unsigned int seconds, size_t most, char **line, size_t *len);

/* Overwrites what is left of the lines that were taken. */
void wire_wipe(wire_t *wire);

/* Reads once, up to room bytes, to a place of the caller's choice. Sends the output first. */
wire_status_t wire_read(wire_t *wire, unsigned int seconds, char *to, size_t room, size_t *got);

/* Gives the memory back that only a large message needed. */
void wire_relax(wire_t *wire);

/* Puts a formatted reply into the output. enhanced may be NULL. */
void wire_reply(wire_t *wire, unsigned int code, char const *enhanced, char const *text);

/* Puts "334 text" into the output, in one line (RFC 4954 4). text: WIRE_CHALLENGE_MAX bytes. */
void wire_challenge(wire_t *wire, char const *text);

/* Sends the output. */
wire_status_t wire_flush(wire_t *wire);

#endif
