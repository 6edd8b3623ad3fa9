/* mime: Internet messages (RFC 5322, 6532): header fields where they lie, addresses, dates.
 *
 * Nothing is copied that need not be: fields and addresses are pieces of the caller's bytes. Lines
 * end in LF, as in every file of ours. */
#ifndef CHAINMAIL_MIME_H
#define CHAINMAIL_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A header field. Offsets are into the message; the value is as it stands, folds included. */
typedef struct mime_field {
  size_t begin, end;             /* the whole field, its last LF included */
  size_t name_len;               /* at begin */
  size_t value_begin, value_end; /* behind the colon, up to the last LF */
} mime_field_t;

/* Finds the next field from *at on (0 at first) and moves *at behind it. 1, or 0 at the end of the
   header, where *at then is the first byte of the body (or len). A line that is no field (RFC 5322
   3.6.8: mbox's "From ", garbage) ends the header as an empty line does, but stays in the body. */
int mime_field_next(char const *message, size_t len, size_t *at, mime_field_t *field);
/* True if the field's name is this, case aside. */
bool mime_field_is(char const *message, mime_field_t const *field, char const *name);

/* One mailbox of an address list: display name aside. */
typedef struct mime_mailbox {
  size_t len;
  char address[1025]; /* local@domain as SMTP takes it: quotes only where needed, no comments */
} mime_mailbox_t;

/* Steps through an address list (From, Sender, To, Cc, Bcc...; RFC 5322 3.4 with its obsolete
   forms, groups and comments, RFC 6532): 1 and the next mailbox, 0 at the end, -1 with EINVAL where
   it is no address list, E2BIG for an address too long. *at is 0 at first. */
int mime_mailbox_next(char const *value, size_t len, size_t *at, mime_mailbox_t *mailbox);

#endif
