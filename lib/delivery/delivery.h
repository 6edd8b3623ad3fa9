/* delivery: what the deliverers of this host have in common: the fields that a delivery puts on top
 * of a message, how mail that goes in circles is known by them, and what goes on with a message. */
#ifndef CHAINMAIL_DELIVERY_H
#define CHAINMAIL_DELIVERY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsn/dsn.h"
#include "queue/queue.h"
#include "route/route.h"
#include "smtp/smtp.h"
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

/* ---- what the sender asked for ------------------------------------------------------------- */

#define DELIVERY_ORCPT_SIZE (SMTP_ORCPT_MAX + 1)

/* What the next host is told of a job's recipient (RFC 3461 5.2.7): values of NOTIFY and ORCPT, or
   NULL. They point into the entry, into static storage, or to made. */
typedef struct delivery_wishes {
  char const *notify, *orcpt;
} delivery_wishes_t;

/* The wishes for recipient, what the routes made of asked->recipient: NOTIFY is without SUCCESS if
   told, as we tell of that ourselves. One other than asked->recipient without ORCPT gets one that
   names that, if it is ASCII, in made; NULL: it gets none. */
delivery_wishes_t delivery_wishes(dsn_asked_t const *asked, char const *recipient, bool told,
                                  char made[DELIVERY_ORCPT_SIZE]);

/* BY= of the entry (RFC 2852 4.1), with what is left of its time now, in microseconds since the
   epoch: 0 or less in mode R means that it is too late. False if there is none. */
bool delivery_by(smtp_by_t *by, queue_entry_t const *entry, uint64_t now);
uint64_t delivery_now(void);

/* MT-PRIORITY of the entry (RFC 6710): what a link of the message chain has made of it, the fact
   SMTP_PRIORITY, or as it came; NULL if there is none. */
char const *delivery_priority(queue_entry_t const *entry);

/* True if the time that the entry had in mode R is over, and the text of the verdict on it. */
bool delivery_is_late(queue_entry_t const *entry);
#define DELIVERY_LATE_TEXT "5.4.7 the time that was given for the delivery (BY) is over"

/* ---- what the routes say ------------------------------------------------------------------- */

/* The terms that the routes have for a job of this channel; none where they do not lead there, or
   are broken. 0, or -1: they name a user that this process is not, and problem says so, with an
   enhanced code in front. */
#define DELIVERY_PROBLEM_SIZE (ROUTE_NAME_SIZE + 128)
int delivery_terms(route_terms_t *terms, route_table_t const *routes, route_channel_t channel,
                   worker_job_t const *job, char problem[DELIVERY_PROBLEM_SIZE]);

/* ---- commands ------------------------------------------------------------------------------ */

#define DELIVERY_VARIABLES 24

/* What a command is told in its environment, qmail-command(8). */
typedef struct delivery_facts {
  char const *sender;
  char const *recipient;
  size_t user_len; /* bytes of recipient before its extension */
  char const *home;
  char const *path; /* PATH */
  int64_t time;     /* seconds since the epoch */
} delivery_facts_t;

typedef struct delivery_environment {
  char const *variables[DELIVERY_VARIABLES + 1]; /* ended by NULL */
  size_t count;
  size_t len;
  char bytes[16 * DELIVERY_FIELD_SIZE + 2 * PATH_MAX];
} delivery_environment_t;

/* 0, or -1 with E2BIG: facts of any job fit. */
int delivery_environment_make(delivery_environment_t *environment, delivery_facts_t const *facts);

/* What a command has said: its first bytes in one line, runs of blanks and control bytes as one
   blank. All zero at first. */
typedef struct delivery_output {
  size_t len;
  bool blank; /* one is to come before the next byte */
  char text[CHAIN_TEXT_MAX];
} delivery_output_t;

void delivery_output_feed(delivery_output_t *output, char const *bytes, size_t len);

/* The verdict on a command that ended with this wait status (qmail-command(8): 0 and 99 delivered,
   100, 64, 65, 70, 76, 77, 78 and 112 failed for good, all else for now), with what it said, or
   else how it ended. A failure always has an enhanced code. */
void delivery_command_verdict(chain_verdict_t *verdict, delivery_output_t const *output,
                              int wait_status);

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
