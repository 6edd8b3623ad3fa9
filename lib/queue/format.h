/* What the files of lib/queue share, and fuzz targets: records, footer, checksum, paths. */
#ifndef CHAINMAIL_QUEUE_FORMAT_H
#define CHAINMAIL_QUEUE_FORMAT_H

#include <limits.h>
#include <stdint.h>

#include "queue/queue.h"

/* ---- records: a letter, bytes, a NUL ------------------------------------------------------ */

typedef struct queue_cursor {
  char const *at, *end;
} queue_cursor_t;

/* Takes the next NUL-terminated string, or NULL if there is none. */
char const *queue_take(queue_cursor_t *cursor);

/* Takes the next record if it is whole and of this letter: the string behind the letter, or NULL.
 */
char const *queue_take_record(queue_cursor_t *cursor, char letter);

/* Take F and T records, and P records, into envelope. 0, or -1 as queue_envelope_parse. */
int queue_take_addresses(queue_cursor_t *cursor, queue_envelope_t *envelope);
int queue_take_parameters(queue_cursor_t *cursor, queue_envelope_t *envelope);

/* What filters asked for; headers is never NULL. */
typedef struct queue_edits {
  char const *headers;
  queue_range_t const *ranges; /* in static storage */
  size_t nranges;
} queue_edits_t;

/* Takes ADD_HEADERS and CUT_RANGES of an environment, for a message of this size. 0, or -1 with
   errno, and *step says at what. */
int queue_edits_take(queue_edits_t *edits, char const *const *environment, uint64_t size,
                     char const **step);

/* Parses bytes as the trailer of entry, whose message_size is set; entry then points into bytes,
   and its ranges are malloced. 0, or -1 with errno (EBADMSG, ENOMEM). */
int queue_trailer_parse(queue_entry_t *entry, char const *bytes, size_t len);

/* Writes trailer and footer behind the size bytes of message that fd has. 0, or -1 with errno
   (EMSGSIZE: over QUEUE_TRAILER_MAX). */
int queue_trailer_append(int fd, uint64_t size, queue_draft_t const *draft);

/* ---- the footer --------------------------------------------------------------------------- */

#define QUEUE_FOOTER_DIGITS 17 /* the checksum's, and the LF: what it does not cover */

typedef struct queue_footer {
  uint64_t message_size;
  uint64_t trailer_len;
  uint64_t checksum;
} queue_footer_t;

/* Writes QUEUE_FOOTER_SIZE bytes. The sizes must have no more digits than their fields. */
void queue_footer_write(char *out, queue_footer_t const *footer);
/* Parses QUEUE_FOOTER_SIZE bytes. 0, or -1 with EBADMSG. */
int queue_footer_parse(queue_footer_t *footer, char const *bytes);

/* ---- files -------------------------------------------------------------------------------- */

/* Writes <queue>/<folder><name> to path. 0, or -1 with ENAMETOOLONG. */
int queue_path(char path[PATH_MAX], char const *queue, char const *folder, char const *name);

/* Fills buffer from offset on, whatever interrupts. 0, or -1 with errno (EBADMSG: the end came). */
int queue_pread(int fd, char *buffer, size_t size, uint64_t offset);

/* XXH64 of the first size bytes of fd and the bytes of tail. 0, or -1 as queue_pread. */
int queue_checksum(uint64_t *sum, int fd, uint64_t size, char const *tail, size_t tail_len);

#endif
