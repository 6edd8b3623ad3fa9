/* floors sync DIR WRITERS SECONDS
 *     Each writer creates files, writes 4 KB, names them, fsyncs them.
 *     Prints "files N seconds S cpu C p50 US p99 US p999 US", the last three of the fsync alone.
 * floors pace DIR RATE SECONDS
 *     One writer, RATE files a second, beside what others do there. Prints the same.
 * floors spawn COUNT PROGRAM
 *     Spawns PROGRAM and waits for it. Prints "seconds S".
 *
 * What no mail server on this machine can do better than. */
#include <fcntl.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS_MAX  64
#define MICROSECONDS 200000 /* of a sync; longer ones count as this */

/* What the writers, which are processes, tell. */
typedef struct tally {
  unsigned long files[WRITERS_MAX];
  atomic_uint syncs[MICROSECONDS]; /* that took so long */
} tally_t;

static tally_t *tally;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_until(double time) {
  struct timespec until = {(time_t)time, (long)((time - (double)(time_t)time) * 1e9)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static _Noreturn void die(char const *what) {
  perror(what);
  exit(111);
}

static void sync_timed(int fd) {
  double start = now();
  if (fsync(fd) < 0) die("floors: fsync");
  size_t took = (size_t)((now() - start) * 1e6);
  tally->syncs[took < MICROSECONDS ? took : MICROSECONDS - 1]++;
}

static size_t percentile(double share, unsigned long all) {
  unsigned long wanted = (unsigned long)(share * (double)all), seen = 0;
  size_t i = 0;
  while (i < MICROSECONDS - 1 && (seen += tally->syncs[i]) <= wanted) i++;
  return i;
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
  sync_timed(fd);
  close(fd);
}

static unsigned long write_until(int dir, unsigned int writer, double end) {
  unsigned long files = 0;
  while (now() < end) write_file(dir, writer, files++);
  return files;
}

static unsigned long write_at(int dir, double rate, double seconds) {
  unsigned long files = (unsigned long)(rate * seconds);
  double start = now();
  for (unsigned long i = 0; i < files; i++) {
    sleep_until(start + (double)i / rate);
    write_file(dir, 0, i);
  }
  return files;
}

static int open_folder(char const *path) {
  int dir = open(path, O_RDONLY | O_DIRECTORY);
  if (dir < 0) die("floors: open");
  tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (tally == MAP_FAILED) die("floors: mmap");
  return dir;
}

static void tell(double seconds, int who) {
  struct rusage used;
  getrusage(who, &used);
  double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  unsigned long all = 0;
  for (unsigned int i = 0; i < WRITERS_MAX; i++) all += tally->files[i];
  printf("files %lu seconds %.6f cpu %.6f p50 %zu p99 %zu p999 %zu\n", all, seconds, cpu,
         percentile(0.5, all), percentile(0.99, all), percentile(0.999, all));
}

static void floor_pace(char const *path, double rate, double seconds) {
  int dir = open_folder(path);
  double start = now();
  tally->files[0] = write_at(dir, rate, seconds);
  tell(now() - start, RUSAGE_SELF);
}

static void floor_sync(char const *path, unsigned int writers, double seconds) {
  int dir = open_folder(path);
  double start = now();
  for (unsigned int i = 0; i < writers && i < WRITERS_MAX; i++)
    if (!fork()) {
      tally->files[i] = write_until(dir, i, start + seconds);
      _exit(0);
    }
  while (wait(NULL) > 0)
    ;
  tell(now() - start, RUSAGE_CHILDREN);
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
  } else if (argc == 5 && !strcmp(argv[1], "pace")) {
    floor_pace(argv[2], atof(argv[3]), atof(argv[4]));
  } else if (argc == 4 && !strcmp(argv[1], "spawn")) {
    floor_spawn(strtoul(argv[2], NULL, 10), argv[3]);
  } else {
    fprintf(stderr, "usage: floors sync DIR WRITERS SECONDS | pace DIR RATE SECONDS | "
                    "spawn COUNT PROGRAM\n");
    return 100;
  }
  return 0;
}
