/* steer: how programs for administrators tell queue-send what to do with an entry of the queue, and
 * ask what it alone knows. queue-send listens on the unix socket <queue>/control, and serves root
 * and the queue's owner. queue-send(8) has the protocol for people.
 *
 *   request  <verb> [<entry's name> [<reason>]]\n    at most STEER_LINE_MAX bytes with the newline
 *   reply    =<field>\t<field>...\n                  any number of them, and then
 *            +<answer>\n  or  -<answer>\n            one
 *
 * Replies come in the order of the requests, of which many may be sent at a time. */
#ifndef CHAINMAIL_STEER_H
#define CHAINMAIL_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/stralloc.h>

#include "queue/queue.h"

#define STEER_LINE_MAX   2048 /* bytes of a line, either way, with its newline */
#define STEER_FIELDS_MAX 12   /* of a line of a reply */
#define STEER_REASON_MAX 500  /* bytes; the rest is cut */
#define STEER_TIMEOUT    60   /* seconds that a client may be silent, or read nothing */

typedef enum steer_verb {
  STEER_RETRY,   /* it is due now, and tried though its destination is down */
  STEER_HOLD,    /* it is kept and not tried until it is released */
  STEER_RELEASE, /* it is no longer held, and due now */
  STEER_DROP,    /* it is removed, and nobody is told */
  STEER_BOUNCE,  /* what is left of it fails for good, and the sender is told */
  STEER_LIST,    /* what is known of this entry, or of all */
  STEER_STAT,    /* what is known of deliverers and destinations */
  STEER_VERBS
} steer_verb_t;

/* What queue-send answers. */
typedef enum steer_answer {
  STEER_DONE,
  STEER_LATER,       /* when the attempt under way is over */
  STEER_GONE,        /* there is no such entry, or no longer */
  STEER_IS_HELD,     /* it must be released first */
  STEER_IS_NOT_HELD, /* so it cannot be released */
  STEER_IS_EARLY,    /* its sender wants it to wait (RFC 4865) */
  STEER_IS_DROPPED,  /* it is on its way out already */
  STEER_FAILED,      /* queue-send's log says why */
  STEER_BAD,         /* not a request */
  STEER_DENIED,      /* neither root nor the queue's owner */
  STEER_ANSWERS
} steer_answer_t;

typedef struct steer_verb_kind {
  char const *word;
  bool has_name;      /* must have one; STEER_LIST may have one */
  queue_what_t order; /* what the log has of it; QUEUE_NOTHING */
} steer_verb_kind_t;

extern steer_verb_kind_t const steer_verbs[STEER_VERBS];
/* With their sign: "+done", "-gone"... */
extern char const *const steer_answers[STEER_ANSWERS];

typedef struct steer_request {
  steer_verb_t verb;
  char const *name;   /* of the entry; "": none */
  char const *reason; /* one line; "": none */
} steer_request_t;

/* Parses a line of len bytes without its newline, which becomes a NUL; request points into it.
   Controls in the reason become blanks. 0, or -1 with EINVAL. */
int steer_request_parse(steer_request_t *request, char *line, size_t len);

/* Writes a line with its newline, at most STEER_LINE_MAX bytes. Returns its bytes. */
size_t steer_request_format(char out[STEER_LINE_MAX], steer_request_t const *request);

/* The answer of a reply's last line, without its newline; STEER_ANSWERS if it is none. */
steer_answer_t steer_answer_parse(char const *line);

/* Cuts a "=" line, without its newline, at its tabs. Returns the number of fields, which lie in
   line, at most STEER_FIELDS_MAX: what is beyond is left out. */
size_t steer_fields_split(char const *fields[STEER_FIELDS_MAX], char *line);

/* Writes a "=" line of these strings; controls in them become blanks, and what does not fit is cut.
   Returns its bytes. */
size_t steer_fields_format(char out[STEER_LINE_MAX], char const *const *fields, size_t count);

/* ---- orders ---------------------------------------------------------------------------------- */

/* What is in force of an entry. */
typedef struct steer_subject {
  queue_what_t order; /* queue_state_t's */
  bool held;          /* queue_held */
  bool early;         /* its sender's time has not come */
} steer_subject_t;

/* STEER_DONE if this may be ordered of such an entry, or why it may not. */
steer_answer_t steer_check(steer_verb_t verb, steer_subject_t const *subject);

/* Writes the reason as the log is to have it: what a bounce tells the sender, "5.7.0 removed...". A
   NUL-terminated string of less than QUEUE_RECORD_MAX bytes. */
void steer_reason(char out[QUEUE_RECORD_MAX], steer_request_t const *request);

/* Takes the lock that queue-send has while it runs, for as long as the descriptor is open. The
   descriptor, or -1 with errno (EWOULDBLOCK: it runs). */
int steer_lock(char const *queue);

/* Does what is ordered, but not STEER_RETRY, in place of a queue-send that does not run: what is
   left to do will be done by the next one. The lock must be held. */
steer_answer_t steer_alone(int new_fd, int state_fd, steer_request_t const *request,
                           steer_subject_t const *subject);

/* Removes an entry that was dropped and then, when it is gone from the disk, its log. 0, or -1 with
   errno from unlinkat: both are there. */
int steer_remove(int new_fd, int state_fd, char const *name);

/* ---- a client ------------------------------------------------------------------------------- */

typedef struct steer_client {
  int fd;
  size_t start, len; /* of what was read and not taken */
  char bytes[2 * STEER_LINE_MAX];
} steer_client_t;

/* Connects to the queue's queue-send. 0, or -1 with errno (ENOENT, ECONNREFUSED: it does not run;
   EACCES: that is root's and the queue's owner's). SIGPIPE must be ignored. */
int steer_connect(steer_client_t *client, char const *queue);

/* Sends a request. 0, or -1 with errno. */
int steer_send(steer_client_t *client, steer_request_t const *request);

/* The next line of a reply, without its newline, good until the next call. 1: one of data, *line
   behind its "="; 0: the last one, and *answer is set; -1 with errno (EPROTO: not a reply;
   ETIMEDOUT; EPIPE: queue-send has gone). */
int steer_receive(steer_client_t *client, char **line, steer_answer_t *answer);
void steer_close(steer_client_t *client);

/* ---- what queue-send knows of all entries ---------------------------------------------------- */

typedef struct steer_known_entry {
  char const *name;
  char const *state;       /* ready, waiting, parked, active or held */
  uint64_t due;            /* when it is tried next, microseconds since the epoch; 0: not known */
  char const *channel;     /* these three of one that is parked for a destination, */
  char const *destination; /* "" of others */
  char const *text;
} steer_known_entry_t;

/* All zero at first. */
typedef struct steer_known {
  size_t count;
  steer_known_entry_t *entries;
  stralloc text;
} steer_known_t;

/* Asks for it; of one entry by its name, of all by "". 0, or -1 with errno. */
int steer_known_read(steer_known_t *known, steer_client_t *client, char const *name);
/* NULL: it does not know that one. */
steer_known_entry_t const *steer_known_find(steer_known_t const *known, char const *name);
void steer_known_free(steer_known_t *known);

#endif
