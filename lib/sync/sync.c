#include "sync/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include <skalibs/djbunix.h>

#define STACK_SIZE 32768 /* fsync needs next to none */

/* What the threads share. Files are taken in order; the last one that is done wakes the caller. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t work, done;
  size_t threads;
  sync_file_t *const *files;
  size_t count, taken, finished;
} team = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

void sync_begin(int fd) {
#ifdef SYNC_FILE_RANGE_WRITE
  sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
  (void)fd;
#endif
}

static void sync_one(sync_file_t *file) {
  file->error = fd_sync(file->fd) < 0 ? errno : 0;
}

/* With the lock held, which is given up while a file is synced. */
static void sync_next(void) {
  sync_file_t *file = team.files[team.taken++];
  pthread_mutex_unlock(&team.lock);
  sync_one(file);
  pthread_mutex_lock(&team.lock);
  if (++team.finished == team.count) pthread_cond_signal(&team.done);
}

static void *run(void *unused) {
  pthread_mutex_lock(&team.lock);
  for (;;) {
    while (team.taken == team.count) pthread_cond_wait(&team.work, &team.lock);
    sync_next();
  }
  return unused;
}

static void start_thread(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  if (pthread_create(&thread, &attributes, run, 0) == 0) team.threads++;
  pthread_sigmask(SIG_SETMASK, &before, 0);
  pthread_attr_destroy(&attributes);
}

/* As many as there are files for, and no more than can be had. */
static void start_threads(size_t count) {
  size_t wanted = (count < SYNC_THREADS ? count : SYNC_THREADS) - 1;
  for (size_t i = team.threads; i < wanted; i++) start_thread();
}

static void sync_together(sync_file_t *const *files, size_t count) {
  start_threads(count);
  pthread_mutex_lock(&team.lock);
  team.files = files;
  team.taken = team.finished = 0;
  team.count = count;
  for (size_t i = 1; i < count && i <= team.threads; i++) pthread_cond_signal(&team.work);
  while (team.taken < team.count) sync_next();
  while (team.finished < team.count) pthread_cond_wait(&team.done, &team.lock);
  pthread_mutex_unlock(&team.lock);
}

void sync_files(sync_file_t *const *files, size_t count) {
  if (count > 1)
    sync_together(files, count);
  else if (count)
    sync_one(files[0]);
}
