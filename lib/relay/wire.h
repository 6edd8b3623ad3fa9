/* From the lines of a file to those of the wire, for this folder and its tests. */
#ifndef CHAINMAIL_RELAY_WIRE_H
#define CHAINMAIL_RELAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LF becomes CRLF, and so does CRLF; any other CR, and NUL, become blanks, whatever was thought of
   them before: what comes out has CR and LF in pairs alone. With dots, one is put before each that
   begins a line (RFC 5321, 4.5.2). */
typedef struct relay_wire {
  bool dots;
  bool in_line; /* there is something on it */
  bool cr;      /* held back */
} relay_wire_t;

/* Bytes that out must have room for. */
#define RELAY_WIRE_MAX(len) (2 * (len) + 2)

/* Returns the number of bytes in out. */
size_t relay_wire_feed(relay_wire_t *wire, char const *s, size_t len, char *out);
/* Ends a last line without an end. */
size_t relay_wire_end(relay_wire_t *wire, char *out);

/* What a message has that not every server takes. Zeroed, it is one that has not begun. */
typedef struct relay_content {
  bool eight_bit_header, eight_bit_body; /* bytes beyond ASCII */
  bool long_lines;                       /* of more than 998 bytes, without their ends */
  bool strange;                          /* CR elsewhere than before LF, or NUL */
  uint64_t wire_size;                    /* bytes, as relay_wire_feed without dots has them */
  bool in_body, cr;
  uint64_t line; /* bytes of this one so far */
} relay_content_t;

void relay_content_feed(relay_content_t *content, char const *s, size_t len);
/* At the end: the last line may have none. */
void relay_content_end(relay_content_t *content);

#endif
