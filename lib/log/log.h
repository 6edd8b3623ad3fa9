/* log: one logfmt line per event, in one write of at most 4,096 bytes.
 *
 *   log_line_t line;
 *   log_start(&line, "smtp-front", "rcpt");
 *   log_str(&line, "rcpt", address);
 *   log_uint(&line, "verdict", 550);
 *   log_send(&line);
 *
 * prints on fd 2:  smtp-front: session=1b... event=rcpt rcpt=a@b verdict=550
 *
 * A value is quoted where logfmt needs it (empty, blank, '"', '=', control or non-ASCII bytes);
 * bytes from a peer can neither start a line nor end one. */
#ifndef CHAINMAIL_LOG_H
#define CHAINMAIL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX  4096 /* bytes of a line with its newline: a pipe takes it in one piece */
#define LOG_VALUE_MAX 1024 /* bytes of one value before it is cut and marked with "..." */

typedef struct log_line {
  size_t len;
  bool cut; /* a value was left out */
  char text[LOG_LINE_MAX];
} log_line_t;

/* The session every later line bears, or NULL for none. The string is not copied. */
void log_session(char const *id);

/* Begins a line: "program: [session=...] event=...". Both are our own words, written as they are.
 */
void log_start(log_line_t *line, char const *program, char const *event);

/* Appends key=value; a value that no longer fits is left out, and the line ends in cut=1. */
void log_str(log_line_t *line, char const *key, char const *value);
void log_bytes(log_line_t *line, char const *key, char const *value, size_t len);
void log_uint(log_line_t *line, char const *key, uint64_t value);

/* Appends error=<strerror>. */
void log_errno(log_line_t *line, int error);

/* Writes a whole line of what a program could not do: "program: event=failure step=... error=...",
   of errno, which stays. */
void log_failed_step(char const *program, char const *step);

/* Appends the newline and writes the line to fd 2. Errors are ignored: there is no one to tell. */
void log_send(log_line_t *line);

#endif
