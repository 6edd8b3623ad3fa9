#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "pick/pick.h"

int pick_open(pick_queue_t *queue, char const *path, char const **folder) {
  static char const *const names[] = {"new", "state", "bad"};
  int *const fds[] = {&queue->new_fd, &queue->state_fd, &queue->bad_fd};
  int const top = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = top < 0 ? -1 : 0;
  *folder = "";
  for (size_t i = 0; result == 0 && i < sizeof fds / sizeof *fds; i++) {
    *folder = names[i];
    *fds[i] = openat(top, names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fds[i] < 0) result = -1;
  }
  int const error = errno;
  if (top >= 0) close(top);
  return errno = error, result;
}

static int compare_names(void const *a, void const *b) {
  return strcmp(a, b);
}

static int read_names(stralloc *names, DIR *directory) {
  struct dirent const *file;
  while (errno = 0, (file = readdir(directory)))
    if (queue_name_valid(file->d_name) && !stralloc_catb(names, file->d_name, PICK_NAME_SIZE))
      return -1;
  return errno ? -1 : 0;
}

int pick_names(stralloc *names, int fd) {
  int const copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = copy < 0 ? NULL : fdopendir(copy);
  if (!directory) return -1;
  names->len = 0;
  int const result = read_names(names, directory), error = errno;
  closedir(directory);
  if (names->len) qsort(names->s, pick_count(names), PICK_NAME_SIZE, compare_names);
  return errno = error, result;
}

size_t pick_count(stralloc const *names) {
  return names->len / PICK_NAME_SIZE;
}

char const *pick_name(stralloc const *names, size_t i) {
  return names->s + i * PICK_NAME_SIZE;
}

/* The first name that is not before id. */
static size_t find_first(stralloc const *names, char const *id) {
  size_t low = 0, high = pick_count(names);
  while (low < high) {
    size_t const middle = low + (high - low) / 2;
    if (strcmp(pick_name(names, middle), id) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool has_beginning(stralloc const *names, size_t i, char const *id, size_t len) {
  return i < pick_count(names) && !strncmp(pick_name(names, i), id, len);
}

ptrdiff_t pick_find(stralloc const *names, char const *id) {
  size_t const len = strlen(id), i = find_first(names, id);
  if (!len || len > CHAIN_ID_SIZE || !has_beginning(names, i, id, len)) return -1;
  return has_beginning(names, i + 1, id, len) ? -2 : (ptrdiff_t)i;
}

int pick_read(pick_entry_t *entry, pick_queue_t const *queue, char const *name) {
  if (queue_entry_open(&entry->entry, queue->new_fd, name, NULL) < 0) return -1;
  if (queue_state_read(&entry->state, queue->state_fd, name) < 0) {
    int const error = errno;
    queue_entry_close(&entry->entry);
    return errno = error, -1;
  }
  entry->held = queue_held(&entry->entry, &entry->state);
  return 0;
}

void pick_free(pick_entry_t *entry) {
  queue_state_free(&entry->state);
  queue_entry_close(&entry->entry);
}

bool pick_is_left(queue_state_t const *state, size_t index, size_t *record) {
  size_t const begin = *record;
  bool left = false;
  for (; *record < state->count && state->records[*record].recipient == index; ++*record)
    left |= !queue_is_settled(state->records[*record].what);
  return left || *record == begin;
}
