/* dsn: delivery status notifications (RFC 3461, 3464, 6522, 6533), made of an entry of the queue
 * and of what became of its recipients.
 *
 *   dsn_notice_t notice;
 *   int fd = queue_spool_open(queue);
 *   int made = dsn_compose(&notice, fd, &request, &settings);
 *
 * 1: the file is the message, notice has its envelope: both are what queue_inject takes. 0: no one
 * is to be told anything, and the file is empty.
 *
 * One notice tells of all results that are known at the same time, whatever their kinds. It is
 * decided here, not by the caller, who is told what (RFC 3461): hand over every result there is. */
#ifndef CHAINMAIL_DSN_H
#define CHAINMAIL_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/queue.h"

#define DSN_WORDS_MAX  CHAIN_TEXT_MAX /* bytes of a result's words; the rest is cut */
#define DSN_HEADER_MAX 65536 /* bytes of the message's header that are returned, whole lines */
#define DSN_TEXTS_MAX  65536 /* bytes of a file of texts */

/* What became of a recipient (RFC 3464 2.3.3), the gravest first. */
typedef enum dsn_action {
  DSN_FAILED,
  DSN_DELAYED,
  DSN_EXPANDED,  /* to a list or to several, of whom no more will be told */
  DSN_RELAYED,   /* to a host that knows nothing of DSN */
  DSN_DELIVERED, /* into a mailbox */
  DSN_ACTIONS
} dsn_action_t;

typedef struct dsn_result {
  dsn_action_t action;
  char const *recipient; /* as the envelope has it */
  char const *status;    /* "5.1.1" (RFC 3463). NULL or "": the one that words begin with, with or
                            without a reply code, or one that fits the action */
  char const *words;  /* why, any bytes: as a deliverer's verdict has it, with its codes, "550 5.1.1
                         mx.example[192.0.2.1] said: no such user"; NULL or "": nothing */
  char const *remote; /* the host that said them; NULL or "": the one that words name, or none: our
                         own words */
  uint64_t last_attempt; /* microseconds since the epoch, 0: none */
  uint64_t retry_until;  /* of DSN_DELAYED: when it is given up */
  bool unasked;          /* told whatever NOTIFY says, unless it is NEVER (RFC 2852, 4.1.4) */
} dsn_result_t;

/* The texts that people read, those of a file in place of our own (bounce-texts(5)). */
#define DSN_TEXTS 64
typedef struct dsn_texts {
  char const *text[DSN_TEXTS]; /* NULL: our own */
  char *file;                  /* what dsn_texts_load has read, malloced */
} dsn_texts_t;

/* Parses a file of texts, at most DSN_TEXTS_MAX bytes; it changes bytes, which has room for one
   more than len, and texts points into it. 0, or the number of a line that is wrong, and *error
   says what is wrong with it. */
size_t dsn_texts_parse(dsn_texts_t *texts, char *bytes, size_t len, char const **error);

/* Loads a file of texts, for as long as the process lives; one that is not there has none of its
   own. 0, or -1: with errno, *line being 0, or with EINVAL and what dsn_texts_parse says. */
int dsn_texts_load(dsn_texts_t *texts, char const *path, size_t *line, char const **error);

typedef struct dsn_settings {
  char const *me;         /* the host's name, a domain in ASCII */
  char const *postmaster; /* the address where people find help; NULL: postmaster@me */
  char const *double_to;  /* who is told when a notice cannot be delivered; NULL: no one */
  uint64_t whole_max; /* bytes of a message that is returned whole; of longer ones: the header */
  dsn_texts_t const *texts; /* NULL: our own */
} dsn_settings_t;

typedef struct dsn_request {
  queue_entry_t const *entry;
  dsn_result_t const *results;
  size_t count;
  char const *id; /* the notice's own, by chain_id_make: for queue_inject, too */
  uint64_t now;   /* microseconds since the epoch */
} dsn_request_t;

typedef struct dsn_notice {
  size_t reported;                      /* results that it tells of */
  char envelope[QUEUE_ADDRESS_MAX + 8]; /* from the null sender, to one recipient */
  size_t envelope_len;
  char const *environment[4]; /* facts for queue_inject: SMTP_UTF8, SMTP_BODY, X_NOTICE; ended by
                                 NULL, all of static storage */
} dsn_notice_t;

/* The parameters of a recipient that matter here; NULL: not given. Of several P records of one
   recipient the last counts. */
typedef struct dsn_asked {
  char const *recipient;
  char const *notify;
  char const *original; /* ORCPT */
} dsn_asked_t;

/* Those of all recipients that have any, sorted: malloced, *count of them; NULL with ENOMEM. */
dsn_asked_t *dsn_asked_make(size_t *count, queue_envelope_t const *envelope);
/* Those of one; all NULL if it has none. */
dsn_asked_t dsn_asked_find(dsn_asked_t const *asked, size_t count, char const *recipient);

/* True if someone is to be told of this result, by the value of NOTIFY, or NULL (failures and
   delays); for what has the null sender only failures, to double_to, unless the message is such a
   notice of a notice itself, or to double_to. */
bool dsn_wanted(queue_entry_t const *entry, dsn_settings_t const *settings,
                dsn_result_t const *result, char const *notify);

/* Writes the notice of those results that are wanted to fd, from its beginning; fd is an empty file
   open for writing. The message is returned whole if it failed for someone, RET=HDRS does not
   forbid it, it is no longer than whole_max and all its lines may travel by SMTP; else its header.
   1 made; 0 none is wanted; -1 with errno: EEXIST: every boundary made of this id stands in the
   message (no one can have guessed it: take a new id), ENOMEM, EBADMSG the entry is torn, or as
   write. Memory does not grow with the message, nor with the words. */
int dsn_compose(dsn_notice_t *notice, int fd, dsn_request_t const *request,
                dsn_settings_t const *settings);

#endif
