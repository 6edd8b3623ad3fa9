/* print: what programs for people write on fd 1: text in which foreign bytes do no harm to a
 * terminal, numbers, and JSON. */
#ifndef CHAINMAIL_PRINT_H
#define CHAINMAIL_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/buffer.h>

typedef struct print {
  buffer *to;
  bool failed; /* something could not be written */
  bool raw;    /* foreign bytes are written as they are */
} print_t;

/* Our own words, as they are. */
void print_str(print_t *print, char const *s);
void print_bytes(print_t *print, char const *s, size_t len);

/* Foreign bytes: a "?" for each that is neither printable ASCII nor of a UTF-8 character, and for
   characters that turn the direction of writing round. Then blanks up to width characters. */
void print_safe(print_t *print, char const *s, size_t width);
/* The same of len bytes, without blanks; returns the characters. */
size_t print_safe_bytes(print_t *print, char const *s, size_t len);
/* The same of a text of several lines: LF and tab stay. */
size_t print_safe_lines(print_t *print, char const *s, size_t len);

void print_uint(print_t *print, uint64_t number);
/* In the largest unit of which there are at least two: "3d", "90m"; "5K", "700". Then blanks up to
   width. */
void print_seconds(print_t *print, uint64_t seconds, size_t width);
void print_size(print_t *print, uint64_t bytes, size_t width);
/* "1 message", "2 messages". */
void print_count(print_t *print, uint64_t number, char const *one, char const *many);
/* Seconds since the epoch, as "2026-11-21 04:05:06" UTC. */
void print_time(print_t *print, uint64_t seconds);

/* Writes what is left. 0, or -1 with errno if that, or anything before, failed. */
int print_end(print_t *print);

/* ---- JSON (RFC 8259) ------------------------------------------------------------------------- */

#define JSON_DEPTH_MAX 8

/* Objects and arrays are opened and closed, commas come by themselves; the outermost ends a line.
   All zero but print at first. name is of a member, NULL in an array or outside. */
typedef struct json {
  print_t *print;
  unsigned depth;
  bool begun[JSON_DEPTH_MAX]; /* has a member */
  char closing[JSON_DEPTH_MAX];
} json_t;

void json_object(json_t *json, char const *name);
void json_array(json_t *json, char const *name);
void json_close(json_t *json);
/* Any bytes: what is not UTF-8, and controls but LF and tab, become U+FFFD. NULL is null. */
void json_str(json_t *json, char const *name, char const *s);
void json_bytes(json_t *json, char const *name, char const *s, size_t len);
void json_int(json_t *json, char const *name, int64_t number);
void json_uint(json_t *json, char const *name, uint64_t number);
void json_bool(json_t *json, char const *name, bool value);

#endif
