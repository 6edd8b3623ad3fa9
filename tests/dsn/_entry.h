/* An entry of the queue in memory, and a notice made of it. */
#ifndef TESTS_DSN_ENTRY_H
#define TESTS_DSN_ENTRY_H

#include <sys/mman.h>
#include <unistd.h>

#include "../unit.h"
#include "dsn/dsn.h"
#include "queue/format.h"

#define ENTRY_ID  "hock9tq2oeauptqs"
#define NOTICE_ID "hohpqrstuv0a1b2c"
#define NOW       1795556000000000 /* four days after the entry */

/* A string with NULs in it and its length. */
typedef struct bytes {
  char const *s;
  size_t len;
} bytes_t;
#define BYTES(literal)                                                                             \
  { literal, sizeof(literal) - 1 }

static inline void entry_write(int fd, char const *s, size_t len) {
  if (write(fd, s, len) != (ssize_t)len) abort();
}

/* The envelope ends with the NUL that a literal has behind it. */
static inline void entry_make(queue_entry_t *entry, bytes_t message, bytes_t envelope,
                              char const *const *facts) {
  queue_draft_t draft = {.id = ENTRY_ID, .facts = facts};
  if (queue_envelope_parse(&draft.envelope, envelope.s, envelope.len + 1) < 0) abort();
  char *trailer = malloc(queue_trailer_write(0, &draft)), footer[QUEUE_FOOTER_SIZE];
  size_t const len = queue_trailer_write(trailer, &draft);
  queue_footer_write(footer, &(queue_footer_t){.message_size = message.len, .trailer_len = len});
  int const fd = memfd_create("entry", MFD_CLOEXEC);
  entry_write(fd, message.s, message.len);
  entry_write(fd, trailer, len);
  entry_write(fd, footer, sizeof footer);
  free(trailer);
  if (queue_entry_from_fd(entry, fd) < 0) abort();
}

/* All of a file, malloced, with a NUL behind it. */
static inline char *entry_read(int fd, size_t *len) {
  *len = (size_t)lseek(fd, 0, SEEK_END);
  char *bytes = malloc(*len + 1);
  if (!bytes || pread(fd, bytes, *len, 0) != (ssize_t)*len) abort();
  bytes[*len] = 0;
  return bytes;
}

/* Composes into memory. What dsn_compose returns; the message is malloced if that is 1. */
static inline int notice_make(dsn_notice_t *notice, char **message, size_t *len,
                              dsn_request_t const *request, dsn_settings_t const *settings) {
  int const fd = memfd_create("notice", MFD_CLOEXEC);
  int const made = dsn_compose(notice, fd, request, settings);
  *message = entry_read(fd, len);
  close(fd);
  return made;
}

#endif
