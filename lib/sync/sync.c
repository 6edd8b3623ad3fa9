#include "sync/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <skalibs/djbunix.h>

#define STACK_SIZE 32768 /* fsync needs next to none */

/* What the threads share. They take files in order, without the lock; a thread enters a turn only
   while it is open, and the caller ends it when all who entered have left. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t opened, left;
  size_t threads, inside;
  bool open;
  sync_file_t *const *files;
  size_t count;
  atomic_size_t taken;
} team = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .opened = PTHREAD_COND_INITIALIZER,
          .left = PTHREAD_COND_INITIALIZER};

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

static void sync_what_is_left(void) {
  for (size_t i; (i = atomic_fetch_add(&team.taken, 1)) < team.count;) sync_one(team.files[i]);
}

static void take_part(void) {
  team.inside++;
  pthread_mutex_unlock(&team.lock);
  sync_what_is_left();
  pthread_mutex_lock(&team.lock);
  if (!--team.inside) pthread_cond_signal(&team.left);
}

/* Whoever comes when all is taken sleeps again. */
static void *run(void *unused) {
  pthread_mutex_lock(&team.lock);
  for (;;) {
    while (!team.open || atomic_load(&team.taken) >= team.count)
      pthread_cond_wait(&team.opened, &team.lock);
    take_part();
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
  if (pthread_create(&thread, &attributes, run, NULL) == 0) team.threads++;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

/* As many as there are files for, and no more than can be had. */
static void start_threads(size_t count) {
  size_t wanted = (count < SYNC_THREADS ? count : SYNC_THREADS) - 1;
  for (size_t i = team.threads; i < wanted; i++) start_thread();
}

static void open_turn(sync_file_t *const *files, size_t count) {
  pthread_mutex_lock(&team.lock);
  team.files = files;
  team.count = count;
  atomic_store(&team.taken, 0);
  team.open = true;
  for (size_t i = 1; i < count && i <= team.threads; i++) pthread_cond_signal(&team.opened);
  pthread_mutex_unlock(&team.lock);
}

static void close_turn(void) {
  pthread_mutex_lock(&team.lock);
  team.open = false;
  while (team.inside) pthread_cond_wait(&team.left, &team.lock);
  pthread_mutex_unlock(&team.lock);
}

static void sync_together(sync_file_t *const *files, size_t count) {
  start_threads(count);
  open_turn(files, count);
  sync_what_is_left();
  close_turn();
}

void sync_files(sync_file_t *const *files, size_t count) {
  if (count > 1)
    sync_together(files, count);
  else if (count)
    sync_one(files[0]);
}
