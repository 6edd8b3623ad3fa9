/* A queue of a test's own. */
#ifndef TESTS_QUEUE_FOLDER_H
#define TESTS_QUEUE_FOLDER_H

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static char folder[256];

static inline char const *in_folder(char const *name) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static char const *const folder_names[] = {"new", "tmp", "state", "bad"};

static inline void folder_make(void) {
  char const *base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/queue.XXXXXX", base ? base : "/tmp");
  if (!mkdtemp(folder)) {
    perror(folder);
    exit(111);
  }
  for (int i = 0; i < 4; i++) mkdir(in_folder(folder_names[i]), 0700);
}

/* Calls each for every name in a folder of the queue. Returns how many there are. */
static inline unsigned int folder_list(char const *name, void (*each)(char const *path)) {
  unsigned int count = 0;
  DIR *dir = opendir(in_folder(name));
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", folder, name, entry->d_name);
    if (each) each(path);
    count++;
  }
  if (dir) closedir(dir);
  return count;
}

static inline void remove_file(char const *path) {
  if (unlink(path) < 0) rmdir(path);
}

static inline void folder_clear(void) {
  for (int i = 0; i < 4; i++) folder_list(folder_names[i], remove_file);
}

static inline void folder_remove(void) {
  folder_clear();
  for (int i = 0; i < 4; i++) rmdir(in_folder(folder_names[i]));
  unlink(in_folder("trigger"));
  rmdir(folder);
}

#endif
