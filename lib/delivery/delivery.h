/* delivery: what the deliverers of this host have in common: the fields that a delivery puts on top
 * of a message, and how mail that goes in circles is known by them. */
#ifndef CHAINMAIL_DELIVERY_H
#define CHAINMAIL_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/queue.h"
#include "worker/worker.h"

/* ---- trace fields -------------------------------------------------------------------------- */

/* Bytes of a field of an address that came in a job, and a NUL. */
#define DELIVERY_FIELD_SIZE (WORKER_FRAME_MAX + 64)

/* Write "Return-Path: <sender>\n" (RFC 5321 4.4), "Delivered-To: recipient\n", and the line that
   begins a message in an mbox, for this time (seconds since the epoch): "From sender date\n",
   blanks in sender as '-', the null sender as MAILER-DAEMON. Control bytes of an address become
   '?'. They return the field's bytes; a NUL follows. */
size_t delivery_return_path(char *out, char const *sender);
size_t delivery_delivered_to(char *out, char const *recipient);
size_t delivery_mbox_line(char *out, char const *sender, int64_t time);

/* ---- loops --------------------------------------------------------------------------------- */

/* Bytes of a header that are looked at. Every delivery puts its own field on top, so the one that
   tells of a loop is not far down. */
#define DELIVERY_HEADER_MAX 65536
#define DELIVERY_LINE_MAX   1100 /* Delivered-To and an address of QUEUE_ADDRESS_MAX */

/* What a message must not say yet: Delivered-To with this recipient, letters of ASCII in any case.
 */
typedef struct delivery_loop {
  char const *recipient;
  bool found;
  bool ended; /* the header has */
  size_t seen;
  size_t len; /* of the line at hand; it stops growing at its cap */
  char line[DELIVERY_LINE_MAX];
} delivery_loop_t;

void delivery_loop_init(delivery_loop_t *loop, char const *recipient);
/* Takes the next bytes of the message. False when no more are wanted: it was found, or the header,
   or DELIVERY_HEADER_MAX, has come to its end. */
bool delivery_loop_feed(delivery_loop_t *loop, char const *bytes, size_t len);

/* Was this entry, edits and all, delivered to this recipient before? 1, 0, or -1 with errno. */
int delivery_is_loop(queue_entry_t const *entry, char const *recipient);

/* The verdict that ends one, and its text. */
#define DELIVERY_LOOP_TEXT "5.4.6 this message was delivered to this address before: a mail loop"

#endif
