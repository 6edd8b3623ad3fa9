/* words: the lexical matter of structured fields, for this folder only: reading tokens, quoted
 * strings and comments (RFC 5322 3.2, RFC 2045 5.1), and writing them. */
#ifndef CHAINMAIL_AUTHRES_WORDS_H
#define CHAINMAIL_AUTHRES_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- reading ---- */

typedef struct words {
  char const *at, *end;
} words_t;

/* What a word may be made of. Bytes that are not ASCII belong to all but keywords (RFC 6532). */
bool is_keyword_byte(char c); /* ALPHA DIGIT - */
bool is_token_byte(char c);   /* RFC 2045 5.1 */
bool is_address_byte(char c); /* atext, '.' and '@' */

/* Skips blanks, folds and comments. False if a comment does not end. */
bool words_skip(words_t *words);
/* Skips those and then c. False if c is not there. */
bool words_skip_byte(words_t *words, char c);
/* Takes bytes of a kind. How many. */
size_t words_take(words_t *words, bool (*is_kind)(char));
/* Takes a quoted string, and writes up to size bytes of what it says to out. Its length, which may
   be more than size; -1 if there is none or it does not end. */
ssize_t words_take_quoted(words_t *words, char *out, size_t size);

/* ---- writing ---- */

/* A line that grows; once full it stays as it is. */
typedef struct line {
  char *s;
  size_t size, len;
  bool full;
} line_t;

void line_byte(line_t *line, char c);
void line_bytes(line_t *line, char const *s, size_t len);
void line_string(line_t *line, char const *s);
/* (s), with what needs it escaped. Not ASCII: '?'. */
void line_comment(line_t *line, char const *s);
/* "s" */
void line_quoted(line_t *line, char const *s);
/* s if it is made of bytes of a kind alone, else "s". */
void line_value(line_t *line, char const *s, bool (*is_kind)(char));

/* Folds text, a field without its LF, at its blanks, to 78 columns where it can be: LF and a tab; a
   LF in text is a place to fold in any case. Writes a LF and a NUL behind it. The length, or -1
   with EMSGSIZE: it does not fit, or a word is over AUTHRES_WORD_MAX. */
ssize_t line_fold(char *out, size_t size, char const *text, size_t len);

#endif
