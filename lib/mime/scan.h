/* scan: the lexical matter of structured fields (RFC 5322 3.2), for this folder only. */
#ifndef CHAINMAIL_MIME_SCAN_H
#define CHAINMAIL_MIME_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "text/text.h"

typedef struct scan {
  char const *at, *end;
} scan_t;

/* A byte of an atom, RFC 6532's included. */
static inline bool is_atom_byte(char c) {
  return !is_ascii(c) || is_atext(c);
}

/* The next byte, or 0 at the end; a NUL among the bytes has no other place in a field either. */
static inline char scan_peek(scan_t const *scan) {
  return scan->at < scan->end ? *scan->at : 0;
}

/* Takes c if it is next. */
bool scan_byte(scan_t *scan, char c);

/* Takes blanks, folds and comments. False if a comment does not end. */
bool scan_blanks(scan_t *scan);

/* Takes the bytes of an atom. How many. */
size_t scan_atom(scan_t *scan);

/* Takes the next character of what stands between delimiters, a pair with a backslash as one, and
   stores what it says, or 0 for the end of a line. False at the end and at a control byte. */
bool scan_content(scan_t *scan, char *c);

#endif
