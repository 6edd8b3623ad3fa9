/* queue: the format of a queue entry, its reader and its writer (DESIGN.md section 2).
 *
 * An entry is one immutable file in new/: the message, a trailer, a footer of fixed size.
 *
 *   message   lines ended by LF, as smtp-front wrote them; never touched again
 *   trailer   records of a letter, bytes and a NUL:
 *               I<id>  F<sender>  T<recipient>...  P<recipient>\0NAME=value...\0 (ended by an
 *               empty string)  H<headers to add, each line ended by LF>  C<start>-<end>,...
 *               V<NAME=value>...   in this order; H and C are left out where there is nothing
 *   footer    QUEUE_FOOTER_SIZE bytes of text, readable with tail -c:
 *               "\nchainmail 1 <message bytes, 20 digits> <trailer bytes, 10 digits> <xxh64>\n"
 *             XXH64 (seed 0, 16 hex digits) over everything before its own digits.
 *
 * Its name is "<id>.<16 hex digits>"; the digits are a secret (new/ cannot be listed by those who
 * write into it), the id is not. Changing state is in state/<name>, see queue_record_*. */
#ifndef CHAINMAIL_QUEUE_H
#define CHAINMAIL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "chain/chain.h"

#define QUEUE_NAME_SIZE      (CHAIN_ID_SIZE + 1 + 16)
#define QUEUE_ENVELOPE_MAX   (16u << 20) /* bytes of an envelope with its parameters */
#define QUEUE_TRAILER_MAX    (32u << 20)
#define QUEUE_RECIPIENTS_MAX 100000 /* of one entry */
#define QUEUE_ADDRESS_MAX    1000   /* bytes of an address; what SMTP allows is less */
#define QUEUE_RANGES_MAX     4096   /* of one entry */
#define QUEUE_FACTS_MAX      256    /* of one entry */
#define QUEUE_FOOTER_SIZE    62

/* ---- failures ----------------------------------------------------------------------------- */

/* What a caller is told of a failure: by a verdict, or by an exit code where there is no way for
   one. */
typedef struct queue_failure {
  int exit_code;
  chain_kind_t kind;
  unsigned int code;
  char const *enhanced;
  char const *text;
} queue_failure_t;

typedef enum queue_failure_name {
  QUEUE_LONG_ADDRESS,
  QUEUE_LARGE_ENVELOPE,
  QUEUE_NO_MEMORY,
  QUEUE_DISK_FULL,
  QUEUE_WRITE_FAILED,
  QUEUE_READ_FAILED,
  QUEUE_BAD_EDITS,
  QUEUE_MANY_FACTS,
  QUEUE_NOT_THERE,
  QUEUE_BAD_ENVELOPE,
  QUEUE_FAILURES
} queue_failure_name_t;

extern queue_failure_t const queue_failures[QUEUE_FAILURES];

/* The failure that an error of the queue's files is. */
queue_failure_t const *queue_failure_of(int error);

/* ---- spooling: a message on its way in ---------------------------------------------------- */

/* Opens an unnamed file for a message: in <queue>/new, where queue_commit can name it. On a file
   system without O_TMPFILE it is a file in <queue>/tmp, unlinked at once, which queue_commit
   copies. For reading and writing, close-on-exec. The descriptor, or -1 with errno. */
int queue_spool_open(char const *queue);

/* Appends what from has, from its offset to its end, to the file spool. NULL, or what failed, with
   errno. */
queue_failure_t const *queue_spool_fill(int spool, int from);

/* The value of MESSAGE_FILE, "dev:inode:size", which says that this file on fd 0 is the spooled
   message as a link before wrote it. A NUL-terminated string; returns its length. */
#define QUEUE_SPOOL_FACT_SIZE 64
size_t queue_spool_fact(char out[QUEUE_SPOOL_FACT_SIZE], struct stat const *status);

/* Maps the message on fd 0, whole, for a link to look at; it is never unmapped. A pipe, or a file
   that does not stand at its beginning, is replaced by a spool file in this queue, so that what
   comes after need not copy it again, and MESSAGE_FILE is set. NULL with errno, and *step says at
   what. */
char const *queue_message_map(char const *queue, size_t *len, char const **step);

/* ---- envelopes: F<sender>\0T<recipient>\0...\0 and then P records ------------------------- */

/* A parsed envelope; it points into the bytes it was made of. */
typedef struct queue_envelope {
  char const *sender;     /* NUL-terminated; "" is the null sender */
  char const *recipients; /* first byte after F record: T<recipient>\0... */
  size_t recipients_len;  /* up to, not including, the empty string that ends them */
  size_t count;           /* recipients, at least one */
  char const *parameters; /* P records */
  size_t parameters_len;
} queue_envelope_t;

/* Reads the envelope that a link is handed on fd 1: all of a sealed memfd, whose offset stays where
   it is, else up to the end. The bytes, which are never freed, or NULL with errno (EMSGSIZE: more
   than QUEUE_ENVELOPE_MAX). */
char const *queue_envelope_read(size_t *len);

/* Parses and checks an envelope: caps, order, no control bytes, only whole records. 0, or -1 with
   errno (EBADMSG bad form, ENAMETOOLONG an address, EMSGSIZE another cap). */
int queue_envelope_parse(queue_envelope_t *envelope, char const *bytes, size_t len);

/* Steps through recipients: returns the next address and moves *position (0 at first), or NULL. */
char const *queue_envelope_next(queue_envelope_t const *envelope, size_t *position);

/* Steps through the parameters of recipient ("": of the message): "NAME=value" or NULL. *position
   is 0 at first. */
char const *queue_envelope_parameter(queue_envelope_t const *envelope, char const *recipient,
                                     size_t *position);

/* The value of that one of them, "RET" say, in any case of letters; or NULL. */
char const *queue_envelope_value(queue_envelope_t const *envelope, char const *recipient,
                                 char const *name);

/* ---- edits: what filters ask for ---------------------------------------------------------- */

/* True if s is whole header lines (RFC 5322 2.2): each a field name and a colon, or a folded line
   behind one; no empty line, no control bytes but tabs. The last LF may be missing. */
bool queue_headers_valid(char const *s);

/* A byte range of the message to leave out: [start, end). */
typedef struct queue_range {
  uint64_t start, end;
} queue_range_t;

/* Parses "12-40,100-120" into ranges, sorted and joined where they overlap or touch, cut at size.
   Returns how many, or -1 with errno (EINVAL, E2BIG over max). */
ssize_t queue_ranges_parse(queue_range_t *ranges, size_t max, char const *s, uint64_t size);

/* Ranges that a link wants left out, on their way into CUT_RANGES; all zero at first. */
#define QUEUE_CUTS_MAX  (QUEUE_RANGES_MAX / 2) /* other links may want some */
#define QUEUE_CUTS_SIZE (QUEUE_CUTS_MAX * 42 + 1)
typedef struct queue_cuts {
  size_t count;        /* of ranges */
  uint64_t start, end; /* of the last one, which is not yet in list */
  size_t len;
  char list[QUEUE_CUTS_SIZE];
} queue_cuts_t;

/* Adds a range; one that begins where the last one ended makes that longer. 0, or -1 with E2BIG:
   more than QUEUE_CUTS_MAX. */
int queue_cuts_add(queue_cuts_t *cuts, uint64_t start, uint64_t end);

/* Appends them to CUT_RANGES, if there are any, once. 0, or -1 with errno (E2BIG: that is full). */
int queue_cuts_append(queue_cuts_t *cuts);

/* The edited message, as a stream: the headers to add, then the message without its ranges. */
typedef struct queue_stream {
  int fd;
  uint64_t size; /* of the message */
  char const *headers;
  size_t headers_len;
  queue_range_t const *ranges; /* as queue_ranges_parse made them */
  size_t nranges;
  /* how far it was read, all zero at first */
  uint64_t position; /* in headers and message laid end to end, ranges included */
  size_t range;      /* the next one */
} queue_stream_t;

/* Reads by pread; the descriptor's offset stays. Bytes read, 0 at the end, -1 with errno (EBADMSG:
   the file is shorter than size). */
ssize_t queue_stream_read(queue_stream_t *stream, char *buffer, size_t size);
/* Bytes the whole stream has. */
uint64_t queue_stream_size(queue_stream_t const *stream);

/* The message on fd 0 with the edits that the environment has, for a link that hands it on. A pipe,
   or a file that does not stand at its beginning, is copied into this queue, or into memory where
   that cannot be. Once. NULL, or what failed, with errno, and *step says at what:
   QUEUE_BAD_EDITS are others' fault, QUEUE_READ_FAILED is all else. */
queue_failure_t const *queue_message_edited(queue_stream_t *stream, char const *queue,
                                            char const **step);

/* ---- entries ------------------------------------------------------------------------------ */

/* What goes into a trailer. */
typedef struct queue_draft {
  char const *id;
  queue_envelope_t envelope;
  char const *headers; /* ADD_HEADERS; NULL or "" for none. A last LF that is missing is added */
  queue_range_t const *ranges; /* as queue_ranges_parse made them */
  size_t nranges;
  char const *const *facts; /* NAME=value, ended by NULL */
} queue_draft_t;

/* Writes the trailer of draft to out (or only counts if out is NULL). Returns its bytes. */
size_t queue_trailer_write(char *out, queue_draft_t const *draft);

#define QUEUE_TAIL_SIZE 2048 /* a trailer that fits into it, with the footer, needs no memory */

/* An entry that is open for reading. It stays where it is: what it points to may be in itself. */
typedef struct queue_entry {
  int fd;
  struct stat status;
  uint64_t message_size;
  uint64_t checksum; /* as the footer says */
  char *trailer;     /* malloced; NULL: it is in tail */
  size_t trailer_len;
  char const *id;
  queue_envelope_t envelope;
  char const *headers; /* never NULL */
  size_t headers_len;
  queue_range_t *ranges; /* malloced, or NULL */
  size_t nranges;
  char const *facts; /* V records */
  size_t facts_len;
  char tail[QUEUE_TAIL_SIZE]; /* the last bytes of the file */
} queue_entry_t;

/* Opens <name> under dirfd (the queue's new/), read-only, never through a link; insists on a name
   that bears the entry's id, on a regular file with one link, and owned by a uid of owners (uids,
   ended by (uid_t)-1; NULL: any). 0, or -1 with errno: ENOENT it is gone, EBADMSG it is torn or
   strange, others: try later. */
int queue_entry_open(queue_entry_t *entry, int dirfd, char const *name, uid_t const *owners);

/* The same for a descriptor that was handed over, which may have lost its name by now. The
   descriptor is kept, and closed by queue_entry_close; after a failure it is still the caller's. */
int queue_entry_from_fd(queue_entry_t *entry, int fd);
void queue_entry_close(queue_entry_t *entry);

/* When it came in, microseconds since the epoch: the time in its id, which its injector may have
   made up, but not after its file was last changed. */
uint64_t queue_entry_arrival(queue_entry_t const *entry);

/* Reads it all and compares the checksum. 0, or -1 with errno (EBADMSG: torn). */
int queue_entry_verify(queue_entry_t const *entry);

/* The value of a fact, or NULL. */
char const *queue_entry_fact(queue_entry_t const *entry, char const *name);

/* Its message as edited, from the beginning. It is read through the entry, which must stay open. */
queue_stream_t queue_entry_stream(queue_entry_t const *entry);

/* Writes before, len bytes, QUEUE_BEFORE_MAX at most, and behind them that message to fd. 0, or -1
   with errno. */
#define QUEUE_BEFORE_MAX 32768
int queue_entry_write(int fd, char const *before, size_t len, queue_entry_t const *entry);

/* Makes an entry for someone who is to know the message and no more: as edited, with the same id
   and sender, and this recipient alone; no parameters, no facts, and nothing of what was cut out.
   It is in memory, sealed; the descriptor is close-on-exec, at any offset. -1 with errno (EBADMSG:
   the entry is shorter than it says). */
int queue_entry_copy(queue_entry_t const *entry, char const *recipient);

/* Makes a name of an id: QUEUE_NAME_SIZE characters and a NUL. 0, or -1 with errno (no random
   bytes to be had). */
int queue_name_make(char *name, char const *id);
bool queue_name_valid(char const *name);

/* Makes an entry of a spooled message: fd is open for reading and writing, status what fstat says
   of it, and all of it is the message. Appends trailer and footer, names it new/<name> (linkat,
   through /proc/self/fd where it must be), then syncs it, once: in this order both ext4 and XFS
   keep the name with the file. Where the file cannot be named (no O_TMPFILE, no /proc, another file
   system) it is copied into tmp/, synced, renamed into new/, and the rename synced. name gets
   QUEUE_NAME_SIZE characters and a NUL. 0, or -1 with errno and nothing visible. */
int queue_commit(char const *queue, int fd, struct stat const *status, queue_draft_t const *draft,
                 char *name);

/* Tells queue-send of a new entry: one non-blocking write of name and LF to <queue>/trigger, which
   stays open for as long as somebody reads there: a process has one queue. Errors do not matter: a
   rescan finds the entry. SIGPIPE must be ignored. */
void queue_trigger(char const *queue, char const *name);

/* ---- injection: a message, its envelope and what is known of it become an entry ------------ */

typedef struct queue_injection {
  char const *queue; /* the folder */
  char const *id;    /* of the entry */
  int fd;            /* the message, as queue_commit wants it */
  struct stat const *status;
  char const *envelope;
  size_t envelope_len;
  char const *const *environment; /* ADD_HEADERS, CUT_RANGES, and facts to record */
  char const *step;               /* after a failure: what was tried, */
  int error;                      /* and its errno */
} queue_injection_t;

/* NULL when the entry is on the disk and queue-send was told, or why there is none. */
queue_failure_t const *queue_inject(queue_injection_t *injection);

/* ---- when its sender wants it delivered ----------------------------------------------------- */

/* Of the message's parameters and facts. Times are in microseconds since the epoch; what is counted
   from arrival is from queue_entry_arrival. */
typedef struct queue_terms {
  uint64_t release;  /* HOLDFOR, HOLDUNTIL (RFC 4865): not tried before; 0: at once */
  uint64_t deadline; /* BY (RFC 2852); 0: none */
  bool returns;      /* mode R: what is not delivered by then is returned; else that is told */
  bool trace;        /* T: each relaying is told */
  int priority;      /* MT-PRIORITY (RFC 6710), -9 to 9; the fact SMTP_PRIORITY, which a policy link
                        may set, goes before it */
} queue_terms_t;

/* Those that do not parse count as not given. */
void queue_terms_read(queue_terms_t *terms, queue_entry_t const *entry);

#define QUEUE_PRIORITIES     3 /* classes that are told apart, 0 goes first */
#define QUEUE_PRIORITY_SHARE 8 /* a class goes so many times as often as the next one */

unsigned queue_priority_class(int priority);
/* Whose turn it is: filled has a bit for each class that something waits in, at least one; turn
   counts up, from 1. The first of those goes, each eighth time the second, and so on, so that none
   waits for ever. */
unsigned queue_priority_pick(unsigned filled, unsigned turn);

/* ---- the state of an entry: an append-only text log, state/<name> ------------------------- */

/* One line a record:  <time us> <what> <recipient index> <target> <next try us> <text>\n
     what    a letter, queue_what_t
     target  16 hex digits for one of the places that the address leads to (queue_target),
             or - for all of them
   A recipient all of whose targets were reached gets one d with -. Only where one of several
   failed each gets a record of its own, so that a retry repeats the failed ones alone. A failure
   that is the same as at the attempt before is not written again. The records of an attempt are
   appended together, QUEUE_ATTEMPTED last.
   Lines that do not parse are ignored, empty ones too; what follows a torn one begins with a
   newline, as does an order. A record that is lost means a delivery repeated, never one forgotten.
 */
typedef enum queue_what {
  QUEUE_NOTHING = 0,
  /* what became of a recipient, */
  QUEUE_DELIVERED = 'd',
  QUEUE_DEFERRED = 't', /* it failed for now */
  QUEUE_FAILED = 'p',   /* for good */
  QUEUE_EXPIRED = 'x',
  QUEUE_DELIVERY_TOLD = 's', /* delivered, and the sender was told */
  QUEUE_FAILURE_TOLD = 'b',  /* failed for good, or expired, and the sender was told */
  /* of the entry, which is of recipient 0, as all that follows, */
  QUEUE_DELAY_TOLD = 'w', /* the sender was told of a delay */
  QUEUE_ATTEMPTED = 'r',  /* the end of an attempt, with the time of the next one */
  /* and what an administrator ordered: the last one is in force */
  QUEUE_HELD = 'h',     /* nothing is tried */
  QUEUE_RELEASED = 'l', /* no longer held, be it by its injector */
  QUEUE_DROPPED = 'k',  /* nothing more is tried, and nobody told */
  QUEUE_BOUNCED = 'f'   /* what is left fails for good, with this text */
} queue_what_t;

typedef struct queue_record {
  uint64_t time;
  queue_what_t what;
  size_t recipient;
  uint64_t target; /* QUEUE_TARGET_ALL or queue_target's */
  uint64_t next;
  char const *text; /* one line; control bytes in it become blanks */
} queue_record_t;

#define QUEUE_RECORD_MAX 2048
#define QUEUE_TARGET_ALL 0

/* Names a target by a hash of its channel, argument and address. Never QUEUE_TARGET_ALL. */
uint64_t queue_target(char const *channel, char const *argument, char const *address);

/* True of what is over and done with: it was delivered, or the sender was told that it failed. */
bool queue_is_settled(queue_what_t what);

/* Formats one record. Returns its bytes (newline included), at most QUEUE_RECORD_MAX. */
size_t queue_record_format(char *out, queue_record_t const *record);
/* Parses one line without its newline, which becomes a NUL; text points into line. 0, or -1. */
int queue_record_parse(queue_record_t *record, char *line, size_t len);

/* A whole log, with the records that still hold: sorted by recipient, then target, each once; a
   recipient has either one record for all its targets or records for single ones. */
typedef struct queue_state {
  queue_record_t *records; /* malloced */
  size_t count;
  char *text; /* malloced */
  unsigned attempts;
  uint64_t next;      /* of the last QUEUE_ATTEMPTED */
  uint64_t warned;    /* time of the last QUEUE_DELAY_TOLD, 0: there is none */
  queue_what_t order; /* the last one; QUEUE_NOTHING: none */
  uint64_t ordered;   /* when */
  char const *reason;
  bool torn; /* the last line has no newline */
} queue_state_t;

/* Reads state/<name> under dirfd (the queue's state/). A log that is not there is an empty one.
   0, or -1 with errno. */
int queue_state_read(queue_state_t *state, int dirfd, char const *name);
/* The same for a log in memory: text is malloced, of len bytes and one more; it is kept. */
int queue_state_parse(queue_state_t *state, char *text, size_t len);
void queue_state_free(queue_state_t *state);

/* What the log says of this target of this recipient, by a record of its own or for all; NULL:
   nothing. */
queue_record_t const *queue_state_find(queue_state_t const *state, size_t recipient,
                                       uint64_t target);

/* Why this entry is held, NULL if it is not: by an order of its log's, or, where that has none, by
   the fact SMTP_HOLD, with which a link of the message chain holds what it is suspicious of. */
char const *queue_held(queue_entry_t const *entry, queue_state_t const *state);

/* Appends an order to state/<name> under dirfd, behind a newline, as the log may be torn, and syncs
   it. A log that root makes so belongs to the folder's owner. 0, or -1 with errno: then the order
   was taken out again, unless the disk refused that, too. */
int queue_order(int dirfd, char const *name, queue_what_t order, char const *reason);

/* ---- when it is tried again ---------------------------------------------------------------- */

#define QUEUE_RETRIES_MAX     64
#define QUEUE_RETRY_DELAY_MAX 8640000 /* seconds */

/* Seconds to wait after the first attempt, the second...; the last one holds for all further ones.
 */
typedef struct queue_schedule {
  size_t count; /* at least one */
  uint32_t delays[QUEUE_RETRIES_MAX];
} queue_schedule_t;

/* Parses "60 300 900": numbers from 1 to QUEUE_RETRY_DELAY_MAX, blanks between, none smaller than
   the one before. 0, or -1 with errno (EINVAL, ERANGE a number, E2BIG more than
   QUEUE_RETRIES_MAX). */
int queue_schedule_parse(queue_schedule_t *schedule, char const *s);

/* The time to wait after so many attempts, in microseconds; random bits move it by up to a sixth
   each way, so that what failed together is not tried together for ever. */
uint64_t queue_retry_delay(queue_schedule_t const *schedule, unsigned attempts, uint32_t random);
/* What that never exceeds. */
uint64_t queue_retry_longest(queue_schedule_t const *schedule);

#endif
