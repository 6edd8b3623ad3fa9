/* sync: many files synced at one time.
 *
 * A file system commits together what is asked for together: who syncs files one behind the other
 * waits for a commit, or for the disk's cache, for each of them. Here threads ask for them at once.
 * Each file is synced by itself all the same: no sync stands for another's. */
#ifndef CHAINMAIL_SYNC_H
#define CHAINMAIL_SYNC_H

#include <stddef.h>

#define SYNC_THREADS 8 /* that sync at one time, the caller's included */

typedef struct sync_file {
  int fd;
  int error; /* errno of its sync, 0 if it is on the disk; set by sync_files */
} sync_file_t;

/* Asks the disk to begin with writing the file, without waiting: for files that are synced together
   when all of them are written. */
void sync_begin(int fd);

/* Syncs files, and returns when all are done. The threads are started when they are first of use
   and stay, with all signals blocked; without them (no memory, a limit) the caller syncs alone. For
   one caller at a time. */
void sync_files(sync_file_t *const *files, size_t count);

#endif
