#include <stdlib.h>
#include <time.h>

#include "chain/chain.h"
#include "send.h"

static uint64_t read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

uint64_t time_now(void) {
  return read_clock(CLOCK_REALTIME);
}

uint64_t clock_now(void) {
  return read_clock(CLOCK_BOOTTIME);
}

uint64_t entry_born(char const *name, uint64_t now) {
  uint64_t born = chain_id_time(name);
  return born < now ? born : now;
}

uint64_t time_earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

uint64_t time_until(uint64_t then, uint64_t now) {
  return then > now ? then - now : 0;
}

/* ---- the wall clock is set ---- */

#define STEP_MIN  ((int64_t)SECOND) /* less is a clock that is kept right */
#define STEPS_MAX 16

/* Times from first to last were read before it was set forward by so much. */
static struct step { uint64_t first, last, by; } steps[STEPS_MAX];
static size_t step_count;

/* One too many joins the last one. */
static void keep_forward(uint64_t first, uint64_t last, uint64_t by) {
  if (step_count == STEPS_MAX) {
    steps[STEPS_MAX - 1].last = last;
    return;
  }
  steps[step_count++] = (struct step){first, last, by};
}

int64_t clock_look(void) {
  static uint64_t wall, steady, first;
  uint64_t now = time_now(), goes_on = clock_now();
  uint64_t expected = wall + (goes_on - steady);
  int64_t by = wall ? (int64_t)(now - expected) : 0;
  if (!wall) first = now;
  wall = now;
  steady = goes_on;
  if (llabs(by) < STEP_MIN) return 0;
  if (by > 0) keep_forward(first, expected, (uint64_t)by);
  first = now;
  return by;
}

uint64_t time_of_now(uint64_t then) {
  for (struct step const *step = steps; step < steps + step_count; step++)
    if (then >= step->first && then <= step->last) then += step->by;
  return then;
}
