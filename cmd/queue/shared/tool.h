/* tool: what the queue's tools do alike: the queue, which of its messages are meant, and printing.
 * What cannot go on says why, and exits. */
#ifndef CHAINMAIL_QUEUE_TOOL_H
#define CHAINMAIL_QUEUE_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include <skalibs/stralloc.h>

#include "pick/pick.h"
#include "print/print.h"

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

/* The usual queue, nothing selected, fd 1. */
void tool_init(tool_t *tool);
/* Takes one of TOOL_OPTIONS; usage is for what is none. */
void tool_option(tool_t *tool, int option, char const *value, char const *usage);
/* Appends the names in a folder of the queue to names (pick_names). */
void tool_read_names(tool_t *tool, stralloc *names, int fd);
/* Opens the queue and finds the names of those that ids, ended by NULL, name; none: of all. */
void tool_open(tool_t *tool, char const *const *ids);
/* Says what is wrong with a message; the tool's status is TOOL_EXIT_NO then. */
void tool_complain(tool_t *tool, char const *name, char const *what);
/* Reads a message. 1: it is meant; 0: it is not, or gone; -1: it cannot be read, with errno. */
int tool_read(tool_t *tool, pick_entry_t *entry, char const *name);
/* To show: "<>" where there is none. */
char const *tool_sender(pick_entry_t const *entry);
/* True if queue-send does not run, or leaves us out, by the errno of steer_connect: then it is
 * asked nothing. */
bool tool_is_down(int error);
/* Writes what is left to print. Returns the status. */
int tool_end(tool_t *tool);

#endif
