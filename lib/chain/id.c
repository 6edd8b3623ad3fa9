#include <sys/random.h>
#include <time.h>

#include "chain/chain.h"

/* Base 36: 10 characters hold microseconds until the year 2085, 6 hold 31 random bits. */
#define BASE      36
#define TIME_SIZE 10

static char const digits[BASE + 1] = "0123456789abcdefghijklmnopqrstuvwxyz";

static void write_number(char *out, size_t size, uint64_t n) {
  while (size--) {
    out[size] = digits[n % BASE];
    n /= BASE;
  }
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void chain_id_make(char *id) {
  uint64_t time = now(), random = 0;
  /* An id is a name, not a secret: where there are no random bytes yet, the clock's will do. */
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = time * 0x9e3779b97f4a7c15u;
  write_number(id, TIME_SIZE, time);
  write_number(id + TIME_SIZE, CHAIN_ID_SIZE - TIME_SIZE, random >> 8);
  id[CHAIN_ID_SIZE] = 0;
}

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  return -1;
}

bool chain_id_valid(char const *id) {
  for (size_t i = 0; i < CHAIN_ID_SIZE; i++)
    if (digit_value(id[i]) < 0) return false;
  return !id[CHAIN_ID_SIZE];
}

uint64_t chain_id_time(char const *id) {
  uint64_t time = 0;
  for (size_t i = 0; i < TIME_SIZE; i++) time = time * BASE + (uint64_t)digit_value(id[i]);
  return time;
}
