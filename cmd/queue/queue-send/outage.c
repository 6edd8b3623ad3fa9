#include "outage.h"

#include <stdlib.h>

#include <skalibs/random.h>

/* A third of it is chance, so that what went down together is not tried together. */
static uint64_t pause_after(unsigned failures) {
  uint64_t pause = settings.backoff;
  uint32_t random;
  for (unsigned i = 1; i < failures && pause < settings.backoff_max; i++) pause *= 2;
  if (pause > settings.backoff_max) pause = settings.backoff_max;
  random_buf((char *)&random, sizeof random);
  return pause - pause / 6 + random % (pause / 3 + 1);
}

void outage_pause(outage_t *outage) {
  outage->probing = false;
  outage->delay = pause_after(outage->failures);
  outage->wake = clock_now() + outage->delay;
}

void outage_fail(outage_t *outage, char *text) {
  if (!outage->failures++) outage->since = time_now();
  outage->failed = clock_now();
  free(outage->text);
  outage->text = text;
  outage_pause(outage);
}

void outage_end(outage_t *outage) {
  outage->failures = 0;
  outage->probing = false;
}

bool outage_may_probe(outage_t const *outage) {
  return !outage->probing && clock_now() >= outage->wake;
}

bool outage_is_news(outage_t const *outage, uint64_t begun) {
  return !outage->failures || begun > outage->failed;
}

bool outage_is_stale(outage_t const *outage, uint64_t now) {
  return !outage->probing && now >= outage->wake + 2 * outage->delay;
}
