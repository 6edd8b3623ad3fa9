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
  return read_clock(CLOCK_MONOTONIC);
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
