/* pick: the entries of a queue as programs for administrators see them, who read the queue's
 * folders and change nothing: which are there, and which of them are meant. */
#ifndef CHAINMAIL_PICK_H
#define CHAINMAIL_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skalibs/stralloc.h>

#include "queue/queue.h"

#define PICK_NAME_SIZE (QUEUE_NAME_SIZE + 1)
#define PICK_MAX       64 /* conditions */

/* ---- the queue's folders --------------------------------------------------------------------- */

typedef struct pick_queue {
  int new_fd, state_fd, bad_fd;
} pick_queue_t;

/* Opens <path>/new, state and bad. 0, or -1 with errno, and *folder says which. */
int pick_open(pick_queue_t *queue, char const *path, char const **folder);

/* Reads the names of a folder's entries, PICK_NAME_SIZE bytes each, sorted: by age. 0, or -1 with
   errno. */
int pick_names(stralloc *names, int fd);
size_t pick_count(stralloc const *names);
char const *pick_name(stralloc const *names, size_t i);

/* An entry with its log. */
typedef struct pick_entry {
  queue_entry_t entry;
  queue_state_t state;
  char const *held; /* why; NULL: it is not */
} pick_entry_t;

/* 0, or -1 with errno (ENOENT: it is gone). */
int pick_read(pick_entry_t *entry, pick_queue_t const *queue, char const *name);
void pick_free(pick_entry_t *entry);

/* True if recipient index has something left: he is not delivered to, nor has his failure been
 *told. record is where his records begin (0 for the first), and then where those of the next do. */
bool pick_is_left(queue_state_t const *state, size_t index, size_t *record);

/* ---- conditions ------------------------------------------------------------------------------ */

typedef struct pick_condition {
  char kind;
  char const *text;
  uint64_t seconds; /* of an age */
} pick_condition_t;

/* All zero: every entry. Conditions of one kind are alternatives, those of different kinds must all
   hold. */
typedef struct pick {
  size_t count;
  pick_condition_t conditions[PICK_MAX];
} pick_t;

/* Adds a condition:
     s  the sender is text: an address, in which * stands for any bytes; ASCII letters in any case;
        <> is the null sender
     r  so is a recipient who has something left
     d  the domain of such a recipient is text
     o  it is older than text: a number and s, m, h, d or w; without one of these: seconds
     y  it is younger
     S  its state is text: new (never attempted), deferred or held
   0, or -1 with EINVAL (text means nothing; no such kind), E2BIG. text is not copied. */
int pick_add(pick_t *pick, char kind, char const *text);

/* now: seconds since the epoch. */
bool pick_matches(pick_t const *pick, pick_entry_t const *entry, uint64_t now);

/* True if s is like pattern, as above. */
bool pick_glob(char const *pattern, char const *s, size_t len);

/* "held", "new" or "deferred". */
char const *pick_state_word(pick_entry_t const *entry);

/* The entry that id, or the beginning of one, names: its index. -1: none, -2: several. */
ptrdiff_t pick_find(stralloc const *names, char const *id);

#endif
