#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "queue/queue.h"

static int add_delay(queue_schedule_t *schedule, uint32_t delay) {
  if (!delay || delay > QUEUE_RETRY_DELAY_MAX) return errno = ERANGE, -1;
  if (schedule->count == QUEUE_RETRIES_MAX) return errno = E2BIG, -1;
  if (schedule->count && delay < schedule->delays[schedule->count - 1]) return errno = EINVAL, -1;
  schedule->delays[schedule->count++] = delay;
  return 0;
}

int queue_schedule_parse(queue_schedule_t *schedule, char const *s) {
  schedule->count = 0;
  for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
    size_t digits = strspn(s, "0123456789");
    uint32_t delay;
    if (!digits || (s[digits] && s[digits] != ' ')) return errno = EINVAL, -1;
    if (digits > 9) return errno = ERANGE, -1;
    s += uint32_scan(s, &delay);
    if (add_delay(schedule, delay) < 0) return -1;
  }
  return schedule->count ? 0 : (errno = EINVAL, -1);
}

uint64_t queue_retry_delay(queue_schedule_t const *schedule, unsigned attempts, uint32_t random) {
  size_t i = attempts ? attempts - 1 : 0;
  if (i >= schedule->count) i = schedule->count - 1;
  uint64_t delay = schedule->delays[i] * UINT64_C(1000000);
  return delay - delay / 6 + random % (delay / 3);
}

uint64_t queue_retry_longest(queue_schedule_t const *schedule) {
  uint64_t delay = schedule->delays[schedule->count - 1] * UINT64_C(1000000);
  return delay - delay / 6 + delay / 3;
}
