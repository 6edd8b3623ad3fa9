/* floors sync DIR WRITERS SECONDS   each writer creates files, writes 4 KB, names them, fsyncs
 * them: prints "files N seconds S cpu C" floors spawn COUNT PROGRAM        spawns PROGRAM and waits
 * for it: "seconds S"
 *
 * What no mail server on this machine can do better than. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS_MAX 64

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void die(char const *what) {
  perror(what);
  exit(111);
}

/* The way queue-inject writes an entry: an unnamed file, a name for it, one sync. */
static void write_file(int dir, unsigned int writer, unsigned long number) {
  static char const bytes[4096];
  char name[64], path[64];
  int fd = openat(dir, ".", O_TMPFILE | O_WRONLY, 0600);
  if (fd < 0) die("floors: open");
  snprintf(name, sizeof name, "floor.%u.%lu", writer, number);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (write(fd, bytes, sizeof bytes) != sizeof bytes) die("floors: write");
  if (linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) < 0) die("floors: linkat");
  if (fsync(fd) < 0) die("floors: fsync");
  close(fd);
}

static unsigned long write_until(int dir, unsigned int writer, double end) {
  unsigned long files = 0;
  while (now() < end) write_file(dir, writer, files++);
  return files;
}

static void floor_sync(char const *path, unsigned int writers, double seconds) {
  int dir = open(path, O_RDONLY | O_DIRECTORY);
  if (dir < 0) die("floors: open");
  unsigned long *files = mmap(NULL, WRITERS_MAX * sizeof *files, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (files == MAP_FAILED) die("floors: mmap");
  double start = now();
  for (unsigned int i = 0; i < writers && i < WRITERS_MAX; i++)
    if (!fork()) {
      files[i] = write_until(dir, i, start + seconds);
      _exit(0);
    }
  while (wait(NULL) > 0)
    ;
  double took = now() - start;
  unsigned long all = 0;
  for (unsigned int i = 0; i < WRITERS_MAX; i++) all += files[i];
  struct rusage used;
  getrusage(RUSAGE_CHILDREN, &used);
  double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  printf("files %lu seconds %.6f cpu %.6f\n", all, took, cpu);
}

static void floor_spawn(unsigned long count, char *program) {
  char *argv[] = {program, NULL}, *envp[] = {NULL};
  double start = now();
  for (unsigned long i = 0; i < count; i++) {
    pid_t pid;
    if (posix_spawn(&pid, program, NULL, NULL, argv, envp)) die("floors: spawn");
    waitpid(pid, NULL, 0);
  }
  printf("seconds %.6f\n", now() - start);
}

int main(int argc, char **argv) {
  if (argc == 5 && !strcmp(argv[1], "sync")) {
    floor_sync(argv[2], (unsigned int)atoi(argv[3]), atof(argv[4]));
  } else if (argc == 4 && !strcmp(argv[1], "spawn")) {
    floor_spawn(strtoul(argv[2], NULL, 10), argv[3]);
  } else {
    fprintf(stderr, "usage: floors sync DIR WRITERS SECONDS | spawn COUNT PROGRAM\n");
    return 100;
  }
  return 0;
}
