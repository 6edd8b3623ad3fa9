/* mime: Internet messages (RFC 5322, 6532, 2047): header fields where they lie, addresses, dates,
 * ids, words.
 *
 * Nothing is copied that need not be: fields and addresses are pieces of the caller's bytes. Lines
 * end in LF, as in every file of ours; CRLF is understood. Every function takes time in proportion
 * to its bytes, whatever they are. Dates are written by smtp_date_format. */
#ifndef CHAINMAIL_MIME_H
#define CHAINMAIL_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MIME_LINE_MAX 998 /* bytes of a line without its end, RFC 5322 2.1.1 */

/* ---- header fields -------------------------------------------------------------------------- */

/* A header field. Offsets are into the message; the value is as it stands, folds included. */
typedef struct mime_field {
  size_t begin, end;             /* the whole field, the end of its last line included */
  size_t name_len;               /* at begin */
  size_t value_begin, value_end; /* behind the colon, up to the end of the last line */
} mime_field_t;

/* Finds the next field from *at on (0 at first) and moves *at behind it. 1; 0 at the end of the
   header, where *at then is the first byte of the body (or len); -1 with EBADMSG at a line that is
   no field (mbox's "From ", garbage): readers differ on whether the header ends there. *at is then
   that line. Blanks between name and colon are let through (RFC 5322 4.5), they are no part of the
   name. */
int mime_field_next(char const *message, size_t len, size_t *at, mime_field_t *field);

/* True if the field's name is this, case aside. */
bool mime_field_is(char const *message, mime_field_t const *field, char const *name);

/* Bytes of the field's longest line, without its end. */
size_t mime_field_width(char const *message, mime_field_t const *field);

/* ---- addresses ------------------------------------------------------------------------------ */

#define MIME_ADDRESS_MAX 1024

/* One mailbox of an address list. */
typedef struct mime_mailbox {
  char const
      *name; /* the display name as it stands, for mime_phrase_decode; NULL if there is none */
  size_t name_len;
  char const *local_end; /* behind the local part in the list: where a domain could be put in */
  size_t local_len;      /* bytes of the local part in address */
  size_t len;            /* of address; local_len where there is no domain */
  char address[MIME_ADDRESS_MAX + 1]; /* local@domain in SMTP's form: the local part quoted only
                                         where it must be, no comments, blanks or route */
} mime_mailbox_t;

/* An address list: From, Sender, To, Cc, Bcc... */
typedef struct mime_list {
  char const *at, *end;
  bool in_group;
} mime_list_t;

void mime_list_begin(mime_list_t *list, char const *value, size_t len);

/* Steps through an address list (RFC 5322 3.4 with the obsolete forms of 4.4: routes, empty
   elements, blanks and comments anywhere; RFC 6854's groups; RFC 6532's UTF-8, which is not
   checked; and "a@b <a@b>", as many write it). 1 and the next mailbox, be it a local part alone; 0
   at the end; -1 with EINVAL where it is no address list, or E2BIG for an address over
   MIME_ADDRESS_MAX, and so at each further call. What SMTP allows is less: lengths, octets of a
   domain. */
int mime_list_next(mime_list_t *list, mime_mailbox_t *mailbox);

/* ---- dates and ids -------------------------------------------------------------------------- */

/* Parses a date-time (RFC 5322 3.3 and 4.3: years of two digits, zones by name, comments). Seconds
   since the epoch, and the minutes that its zone is ahead of UTC: 0 if the zone says nothing. The
   day of the week is not compared. 0, or -1 with EINVAL. */
int mime_date_parse(int64_t *seconds, int *zone, char const *s, size_t len);

/* Writes "<id@host>" and a NUL: a Message-ID if id is unique to host (RFC 5322 3.6.4). Its length,
   or -1 with EINVAL if it would be none, EMSGSIZE if it does not fit. */
ssize_t mime_id_format(char *out, size_t size, char const *id, char const *host);

/* True if s is one msg-id, blanks and comments around it aside, of the strict form (3.6.4). */
bool mime_id_valid(char const *s, size_t len);

/* ---- words ---------------------------------------------------------------------------------- */

/* Decodes unstructured text (a Subject) into UTF-8: unfolded, with RFC 2047's encoded words
   replaced, those that follow one another joined; what cannot be decoded stays as it is. Controls
   become blanks, and bytes that are no UTF-8 U+FFFD. Cut at whole characters to size - 1 bytes and
   ended by a NUL. Returns its length. */
size_t mime_text_decode(char *out, size_t size, char const *s, size_t len);

/* The same for a display name: quotes are removed, comments are left out. */
size_t mime_phrase_decode(char *out, size_t size, char const *s, size_t len);

/* Writes a display name, and a NUL: as it is, quoted, or in encoded words of UTF-8, folded between
   them. Its length, or -1 with EMSGSIZE. */
ssize_t mime_phrase_format(char *out, size_t size, char const *s, size_t len);

#endif
