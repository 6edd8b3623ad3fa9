#include "tool.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "conf/conf.h"

void tool_init(tool_t *tool) {
  *tool = (tool_t){.path = conf_queue(), .now = (uint64_t)time(NULL), .out = {.to = buffer_1}};
}

void tool_option(tool_t *tool, int option, char const *value, char const *usage) {
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

void tool_read_names(tool_t *tool, stralloc *names, int fd) {
  if (pick_names(names, fd) < 0) strerr_diefu2sys(111, "read ", tool->path);
}

/* Puts into the tool's names those that the ids name. */
static void tool_take_ids(tool_t *tool, stralloc const *all, char const *const *ids) {
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

void tool_open(tool_t *tool, char const *const *ids) {
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

void tool_complain(tool_t *tool, char const *name, char const *what) {
  char id[CHAIN_ID_SIZE + 1] = "";
  memcpy(id, name, CHAIN_ID_SIZE);
  strerr_warnw3x(id, ": ", what);
  tool->status = TOOL_EXIT_NO;
}

int tool_read(tool_t *tool, pick_entry_t *entry, char const *name) {
  if (pick_read(entry, &tool->queue, name) < 0) return errno == ENOENT ? 0 : -1;
  if (pick_matches(&tool->pick, entry, tool->now)) return 1;
  pick_free(entry);
  return 0;
}

char const *tool_sender(pick_entry_t const *entry) {
  char const *sender = entry->entry.envelope.sender;
  return *sender ? sender : "<>";
}

bool tool_is_down(int error) {
  return error == ENOENT || error == ECONNREFUSED || error == EACCES;
}

int tool_end(tool_t *tool) {
  if (print_end(&tool->out) < 0) strerr_diefu1sys(111, "write");
  return tool->status;
}
