/* Files that are synced together: each has its own outcome, and the threads are as many as help. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "sync/sync.h"

#define FILES 64
#define TURNS 200

static char folder[] = "/tmp/sync.XXXXXX";
static sync_file_t files[FILES];
static sync_file_t *list[FILES];

static size_t count_threads(void) {
  size_t count = 0;
  DIR *directory = opendir("/proc/self/task");
  for (struct dirent const *task; directory && (task = readdir(directory));)
    count += *task->d_name != '.';
  if (directory) closedir(directory);
  return count;
}

static void open_files(void) {
  char path[64];
  for (int i = 0; i < FILES; i++) {
    snprintf(path, sizeof path, "%s/%d", folder, i);
    files[i].fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (files[i].fd < 0 || write(files[i].fd, "x", 1) != 1) abort();
    unlink(path);
    list[i] = &files[i];
  }
}

/* How many of the first ones do not have the error that is expected. */
static size_t count_others(size_t count, int error) {
  size_t others = 0;
  for (size_t i = 0; i < count; i++) others += files[i].error != error;
  return others;
}

static void expect_errors(int error) {
  for (int i = 0; i < FILES; i++) files[i].error = error;
}

static void test_alone(void) {
  sync_files(list, 0);
  expect_errors(EIO);
  sync_files(list, 1);
  CHECK_INT("one file is synced", files[0].error, 0);
  CHECK_INT("another is left alone", files[1].error, EIO);
  CHECK_INT("without a thread", count_threads(), 1);
}

static void test_together(void) {
  expect_errors(EIO);
  sync_files(list, 3);
  CHECK_INT("three files are synced", count_others(3, 0), 0);
  CHECK_INT("by three threads", count_threads(), 3);
  for (int i = 0; i < FILES; i++) sync_begin(files[i].fd);
  sync_files(list, FILES);
  CHECK_INT("many are synced", count_others(FILES, 0), 0);
  CHECK_INT("by so many threads and no more", count_threads(), SYNC_THREADS);
}

static void test_turns(void) {
  size_t others = 0;
  for (size_t i = 0; i < TURNS; i++) {
    expect_errors(EIO);
    sync_files(list, i % (FILES + 1));
    others += count_others(i % (FILES + 1), 0);
  }
  CHECK_INT("of any number, time after time, all are synced", others, 0);
}

static void test_errors(void) {
  int ends[2];
  if (pipe(ends) < 0) abort();
  sync_file_t closed = {-1, 0}, not_a_file = {ends[0], 0};
  sync_file_t *some[] = {&files[0], &closed, &files[1], &not_a_file, &files[2]};
  expect_errors(EIO);
  sync_files(some, 5);
  CHECK_INT("a closed one", closed.error, EBADF);
  CHECK_INT("a pipe", not_a_file.error, EINVAL);
  CHECK_INT("the others are synced", count_others(3, 0), 0);
  close(ends[0]);
  close(ends[1]);
}

/* The sanitizers cannot do without memory. */
static void test_no_threads(void) {
#if !defined(__SANITIZE_ADDRESS__)
  struct rlimit none = {0, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
  int status;
  pid_t child = fork();
  if (!child) {
    setrlimit(RLIMIT_AS, &none);
    expect_errors(EIO);
    sync_files(list, FILES);
    setrlimit(RLIMIT_AS, &all);
    _exit(count_others(FILES, 0) || count_threads() != 1);
  }
  waitpid(child, &status, 0);
  CHECK_INT("without threads they are synced as well", status, 0);
#endif
}

int main(void) {
  if (!mkdtemp(folder)) return 111;
  open_files();
  test_no_threads();
  test_alone();
  test_together();
  test_turns();
  test_errors();
  rmdir(folder);
  return unit_done();
}
