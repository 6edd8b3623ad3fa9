/* queue: the format of a queue entry, its reader and its writer (DESIGN.md section 2).
 *
 * An entry is one immutable file in new/: the message, a trailer, a footer of fixed size.
 *
 *   message   lines ended by LF, as smtp-front wrote them; never touched again
 *   trailer   records of a letter, bytes and a NUL:
 *               I<id>  F<sender>  T<recipient>...  P<recipient>\0NAME=value...\0 (ended by an
 *               empty string)  H<headers to add, each line ended by LF>  C<start>-<end>,...
 *               V<NAME=value>...   in this order
 *   footer    QUEUE_FOOTER_SIZE bytes of text, readable with tail -c:
 *               "\nchainmail 1 <message bytes, 20 digits> <trailer bytes, 10 digits> <xxh64>\n"
 *             XXH64 (seed 0, 16 hex digits) over everything before its own digits.
 *
 * Its name is "<id>.<16 hex digits>"; the digits are a secret (new/ cannot be listed by those who
 * write into it), the id is not. Changing state is in state/<name>, see queue_log_*. */
#ifndef CHAINMAIL_QUEUE_H
#define CHAINMAIL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "chain/chain.h"

#define QUEUE_NAME_SIZE (CHAIN_ID_SIZE + 1 + 16)
#define QUEUE_ENVELOPE_MAX (16u << 20) /* bytes of an envelope with its parameters */
#define QUEUE_TRAILER_MAX (32u << 20)
#define QUEUE_RECIPIENTS_MAX 100000    /* of one entry */
#define QUEUE_ADDRESS_MAX 1000         /* bytes of an address; what SMTP allows is less */

/* ---- envelopes: F<sender>\0T<recipient>\0...\0 and then P records ------------------------- */

/* A parsed envelope; it points into the bytes it was made of. */
typedef struct queue_envelope {
  char const *sender;     /* NUL-terminated; "" is the null sender */
  char const *recipients; /* first byte after F record: T<recipient>\0... */
  size_t recipients_len;  /* up to, not including, the empty string that ends them */
  size_t count;           /* recipients */
  char const *parameters; /* P records */
  size_t parameters_len;
} queue_envelope_t;

/* Parses and checks an envelope: caps, order, NULs, no LF in an address, only whole records.
   0, or -1 with errno (EBADMSG bad form, EMSGSIZE over a cap). */
int queue_envelope_parse(queue_envelope_t *envelope, char const *bytes, size_t len);

/* Steps through recipients: returns the next address and moves *position (0 at first), or NULL. */
char const *queue_envelope_next(queue_envelope_t const *envelope, size_t *position);

/* Steps through the parameters of recipient ("": of the message): "NAME=value" or NULL. */
char const *queue_envelope_parameter(queue_envelope_t const *envelope, char const *recipient,
                                     size_t *position);

/* ---- edits: what filters ask for ---------------------------------------------------------- */

/* A byte range of the message to leave out: [start, end). */
typedef struct queue_range {
  uint64_t start, end;
} queue_range_t;

/* Parses "12-40,100-120" into ranges, sorted and joined where they overlap or touch, cut at size.
   Returns how many, or -1 with errno (EINVAL, E2BIG over max). */
ssize_t queue_ranges_parse(queue_range_t *ranges, size_t max, char const *s, uint64_t size);
#define QUEUE_RANGES_MAX 4096

/* The edited message, as a stream: the headers to add, then the message without its ranges. */
typedef struct queue_stream {
  int fd;
  uint64_t size; /* of the message */
  char const *headers;
  size_t headers_len;
  queue_range_t const *ranges;
  size_t nranges;
  uint64_t position; /* in headers and message laid end to end, ranges included */
  size_t range;      /* the next one */
} queue_stream_t;

void queue_stream_init(queue_stream_t *stream, int fd, uint64_t size, char const *headers,
                       size_t headers_len, queue_range_t const *ranges, size_t nranges);
/* Reads by pread; the descriptor's offset stays. Bytes read, 0 at the end, -1 with errno. */
ssize_t queue_stream_read(queue_stream_t *stream, char *buffer, size_t size);
/* Bytes the whole stream has. */
uint64_t queue_stream_size(queue_stream_t const *stream);

/* ---- entries ------------------------------------------------------------------------------ */

/* What goes into a trailer. */
typedef struct queue_draft {
  char const *id;
  queue_envelope_t envelope;
  char const *headers; /* ADD_HEADERS; NULL or "" for none */
  queue_range_t const *ranges;
  size_t nranges;
  char const *const *facts; /* NAME=value, ended by NULL */
} queue_draft_t;

/* Writes the trailer of draft to out (or only counts if out is NULL). Returns its bytes. */
size_t queue_trailer_write(char *out, queue_draft_t const *draft);

/* An entry that is open for reading. */
typedef struct queue_entry {
  int fd;
  struct stat status;
  uint64_t message_size;
  char *trailer; /* malloced */
  size_t trailer_len;
  char const *id;
  queue_envelope_t envelope;
  char const *headers; /* never NULL */
  size_t headers_len;
  queue_range_t *ranges; /* malloced */
  size_t nranges;
  char const *facts; /* V records */
  size_t facts_len;
} queue_entry_t;

/* Opens new/<name> under dirfd (the queue's new/), read-only, never through a link; insists on a
   regular file with one link, and owned by a uid of owners (uids, ended by (uid_t)-1; NULL: any).
   0, or -1 with errno: ENOENT it is gone, EBADMSG it is torn or strange, others: try later. */
int queue_entry_open(queue_entry_t *entry, int dirfd, char const *name, uid_t const *owners);

/* The same for a descriptor that was handed over. The descriptor is kept, and closed by
   queue_entry_close. */
int queue_entry_from_fd(queue_entry_t *entry, int fd);
void queue_entry_close(queue_entry_t *entry);

/* Reads it all and compares the checksum. 0, or -1 with errno (EBADMSG: torn). */
int queue_entry_verify(queue_entry_t const *entry);

/* The value of a fact, or NULL. */
char const *queue_entry_fact(queue_entry_t const *entry, char const *name);

void queue_entry_stream(queue_entry_t const *entry, queue_stream_t *stream);

/* Makes a name of an id: QUEUE_NAME_SIZE characters and a NUL. */
void queue_name_make(char *name, char const *id);
bool queue_name_valid(char const *name);

/* Appends trailer and footer to the message in fd (from size on), names it new/<name> under the
   queue folder and syncs it: linkat through /proc/self/fd, then fsync. fd must be an O_TMPFILE
   file in new/ opened for reading and writing. 0, or -1 with errno and nothing visible. EXDEV,
   ENOENT, EOPNOTSUPP...: not such a file; use queue_commit_copy. */
int queue_commit(char const *queue, int fd, uint64_t size, queue_draft_t const *draft, char *name);

/* Copies the message from fd's offset to its end into tmp/, then trailer, footer, fsync, rename into
   new/, fsync of the folder. 0, or -1 with errno and nothing visible. */
int queue_commit_copy(char const *queue, int fd, queue_draft_t const *draft, char *name);

/* Tells queue-send of a new entry: one non-blocking write of name and LF to <queue>/trigger. Errors
   do not matter: a rescan finds the entry. */
void queue_trigger(char const *queue, char const *name);

/* ---- the state of an entry: an append-only text log, state/<name> ------------------------- */

/* One line a record:  <time us> <what> <recipient index> <next try us> <text>\n
     what: d delivered, t temporary failure, p permanent failure, x expired, h hop to (retry set)
   Lines that do not parse (a torn last one) are ignored. */
typedef struct queue_record {
  uint64_t time;
  char what;
  size_t recipient;
  uint64_t next;
  char const *text; /* one line, printable */
} queue_record_t;

#define QUEUE_RECORD_MAX 2048

/* Formats one record. Returns its bytes (newline included), at most QUEUE_RECORD_MAX. */
size_t queue_record_format(char *out, queue_record_t const *record);
/* Parses one line without its newline; text points into line. 0, or -1. */
int queue_record_parse(queue_record_t *record, char *line, size_t len);

#endif
