/* What the queue's tools do alike: the queue, which of its messages are meant, and printing. */
#ifndef CHAINMAIL_QUEUE_TOOL_H
#define CHAINMAIL_QUEUE_TOOL_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <skalibs/buffer.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"
#include "pick/pick.h"
#include "print/print.h"
#include "steer/steer.h"

#define TOOL_SECOND  UINT64_C(1000000) /* the queue's times are in microseconds */
#define TOOL_EXIT_NO 1                 /* some message was not found, or not dealt with */

/* Options of every tool that selects messages. */
#define TOOL_OPTIONS "q:s:r:d:o:y:S:h"
#define TOOL_USAGE   "[-q queue] [-s sender] [-r recipient] [-d domain] [-o age] [-y age] [-S state]"

typedef struct tool {
  char const *path; /* of the queue */
  pick_queue_t queue;
  pick_t pick;
  stralloc names; /* that may be meant */
  bool by_id;     /* ids were given */
  uint64_t now;   /* seconds */
  int status;     /* to exit with */
  print_t out;
} tool_t;

static inline void tool_init(tool_t *tool) {
  *tool = (tool_t){.path = conf_queue(), .now = (uint64_t)time(0), .out = {.to = buffer_1}};
}

/* Takes one of TOOL_OPTIONS; usage is for what is none. */
static inline void tool_option(tool_t *tool, int option, char const *value, char const *usage) {
  char const letter[] = {(char)option, 0};
  if (option == 'h') strerr_dieusage(0, usage);
  if (option == 'q') {
    tool->path = value;
  } else if (option == '?' || !strchr(TOOL_OPTIONS, option)) {
    strerr_dieusage(100, usage);
  } else if (pick_add(&tool->pick, letter[0], value) < 0) {
    strerr_dief4x(100, "nothing is selected by -", letter, " ", value);
  }
}

static inline void tool_read_names(tool_t *tool, stralloc *names, int fd) {
  if (pick_names(names, fd) < 0) strerr_diefu2sys(111, "read ", tool->path);
}

/* Puts into the tool's names those that the ids name. */
static inline void tool_take_ids(tool_t *tool, stralloc const *all, char const *const *ids) {
  tool->by_id = true;
  for (; *ids; ids++) {
    ptrdiff_t const i = pick_find(all, *ids);
    if (i == -2) strerr_dief3x(TOOL_EXIT_NO, *ids, ": ", "several messages begin so");
    if (i < 0) {
      strerr_warnw2x(*ids, ": no such message");
      tool->status = TOOL_EXIT_NO;
    } else if (!stralloc_catb(&tool->names, pick_name(all, (size_t)i), PICK_NAME_SIZE)) {
      strerr_diefu1sys(111, "allocate");
    }
  }
}

/* Opens the queue and finds the names of those that ids, ended by NULL, name; none: of all. */
static inline void tool_open(tool_t *tool, char const *const *ids) {
  char const *folder;
  stralloc all = STRALLOC_ZERO;
  if (pick_open(&tool->queue, tool->path, &folder) < 0) {
    if (errno == EACCES)
      strerr_dief5x(111, "only root and the queue's owner may read ", tool->path, "/", folder,
                    ": permission denied");
    strerr_diefu4sys(111, "open ", tool->path, "/", folder);
  }
  if (!*ids) return tool_read_names(tool, &tool->names, tool->queue.new_fd);
  tool_read_names(tool, &all, tool->queue.new_fd);
  tool_take_ids(tool, &all, ids);
  stralloc_free(&all);
}

static inline void tool_complain(tool_t *tool, char const *name, char const *what) {
  char id[CHAIN_ID_SIZE + 1] = "";
  memcpy(id, name, CHAIN_ID_SIZE);
  strerr_warnw3x(id, ": ", what);
  tool->status = TOOL_EXIT_NO;
}

/* Reads a message. 1: it is meant; 0: it is not, or gone; -1: it cannot be read, with errno. */
static inline int tool_read(tool_t *tool, pick_entry_t *entry, char const *name) {
  if (pick_read(entry, &tool->queue, name) < 0) return errno == ENOENT ? 0 : -1;
  if (pick_matches(&tool->pick, entry, tool->now)) return 1;
  pick_free(entry);
  return 0;
}

static inline char const *tool_sender(pick_entry_t const *entry) {
  char const *sender = entry->entry.envelope.sender;
  return *sender ? sender : "<>";
}

/* True if queue-send does not run, or leaves us out: then it is asked nothing. */
static inline bool tool_is_down(int error) {
  return error == ENOENT || error == ECONNREFUSED || error == EACCES;
}

static inline int tool_end(tool_t *tool) {
  if (print_end(&tool->out) < 0) strerr_diefu1sys(111, "write");
  return tool->status;
}

#endif
