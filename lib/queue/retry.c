#include "queue/queue.h"

#define MINUTE (60 * UINT64_C(1000000))

/* Minutes until the next try. Most failures that mend themselves do so within minutes; what lasts
   longer is not worth more than a few tries a day. */
static uint16_t const delays[] = {1, 2, 5, 10, 15, 30, 45, 60, 90, 120, 180, 240, 360, 480};
#define DELAYS (sizeof delays / sizeof *delays)

uint64_t queue_retry_delay(unsigned attempts, uint32_t random) {
  unsigned i = attempts ? attempts - 1 : 0;
  uint64_t delay = delays[i < DELAYS ? i : DELAYS - 1] * MINUTE;
  return delay - delay / 6 + random % (delay / 3);
}
