/* growth CORPUS: what a fuzz target costs when its input grows. Each file of a corpus is made
   longer by a piece of its own, repeated, at several places; where twice the repetitions are much
   more than twice the work, as counted.h counts it, the file and the place are told. */

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counted.h"

enum {
  SEED_MAX = 1024, /* bytes of a file that are used */
  ADDED = 3000,    /* bytes of repetitions; then twice and four times as many */
  DOUBLINGS = 2,
  PLACES = 12,
  SLACK = 3000, /* branches that are nothing */
  INPUT_MAX = SEED_MAX + (ADDED << DOUBLINGS)
};

/* Of a doubling's cost, in tenths. */
#define GROWTH_MAX 22

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static unsigned long cost(uint8_t const *bytes, size_t size) {
  uint8_t *const copy = malloc(size);
  if (!copy) exit(111);
  memcpy(copy, bytes, size);
  counted_branches = 0;
  LLVMFuzzerTestOneInput(copy, size);
  unsigned long const result = counted_branches;
  free(copy);
  return result;
}

/* ---- growing --------------------------------------------------------------------------------- */

/* A file that grows at a place, by the bytes before it. */
typedef struct seed {
  char const *name;
  size_t size, place, period;
  uint8_t bytes[SEED_MAX];
} seed_t;

static size_t grow(uint8_t *out, seed_t const *seed, size_t added) {
  memcpy(out, seed->bytes, seed->place);
  for (size_t i = 0; i < added; i++) out[seed->place + i] = out[seed->place + i - seed->period];
  memcpy(out + seed->place + added, seed->bytes + seed->place, seed->size - seed->place);
  return seed->size + added;
}

static bool is_too_much(unsigned long before, unsigned long after) {
  return after > before * GROWTH_MAX / 10 + SLACK;
}

/* True if it grows as it may: one doubling alone may meet a limit. */
static bool check(seed_t const *seed) {
  static uint8_t input[INPUT_MAX];
  unsigned long costs[DOUBLINGS + 1];
  for (int i = 0; i <= DOUBLINGS; i++)
    costs[i] = cost(input, grow(input, seed, (size_t)ADDED << i));
  if (!is_too_much(costs[0], costs[1]) || !is_too_much(costs[1], costs[2])) return true;
  printf("not ok - %s: %zu bytes before byte %zu repeated: %lu, %lu, %lu branches\n", seed->name,
         seed->period, seed->place, costs[0], costs[1], costs[2]);
  return false;
}

static bool check_place(seed_t *seed) {
  static size_t const periods[] = {1, 2, 5, 12, SEED_MAX};
  bool good = true;
  for (size_t i = 0; i < sizeof periods / sizeof *periods && good; i++) {
    seed->period = periods[i] < seed->place ? periods[i] : seed->place;
    good = check(seed);
    if (seed->period == seed->place) break;
  }
  return good;
}

static bool check_file(char const *folder, char const *name) {
  static seed_t seed;
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t const size = fd < 0 ? -1 : read(fd, seed.bytes, SEED_MAX);
  if (size < 0) return perror(path), false;
  close(fd);
  seed.name = name;
  seed.size = (size_t)size;
  size_t const step = seed.size / PLACES + 1;
  bool good = true;
  for (seed.place = seed.size; seed.place && good;
       seed.place = seed.place > step ? seed.place - step : 0)
    good = check_place(&seed);
  return good;
}

int main(int argc, char const *const *argv) {
  DIR *const dir = argc == 2 ? opendir(argv[1]) : 0;
  if (!dir) return fputs("growth: usage: growth CORPUS\n", stderr), 100;
  bool good = true;
  for (struct dirent const *entry; (entry = readdir(dir));)
    if (entry->d_name[0] != '.') good = check_file(argv[1], entry->d_name) && good;
  closedir(dir);
  return !good;
}
