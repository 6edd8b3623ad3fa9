#include "queue/queue.h"

unsigned queue_priority_class(int priority) {
  if (priority > 0) return 0;
  return priority < 0 ? 2 : 1;
}

unsigned queue_priority_pick(unsigned filled, unsigned turn) {
  for (unsigned skip = turn; skip && !(skip % QUEUE_PRIORITY_SHARE); skip /= QUEUE_PRIORITY_SHARE)
    if (filled & (filled - 1)) filled &= filled - 1;
  return (unsigned)__builtin_ctz(filled);
}
