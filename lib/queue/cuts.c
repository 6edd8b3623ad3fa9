#include <errno.h>

#include <skalibs/types.h>

#include "queue/queue.h"

/* Writes the range that has come to its end. */
static void end_range(queue_cuts_t *cuts) {
  if (!cuts->count) return;
  if (cuts->len) cuts->list[cuts->len++] = ',';
  cuts->len += uint64_fmt(cuts->list + cuts->len, cuts->start);
  cuts->list[cuts->len++] = '-';
  cuts->len += uint64_fmt(cuts->list + cuts->len, cuts->end);
}

int queue_cuts_add(queue_cuts_t *cuts, uint64_t start, uint64_t end) {
  if (!cuts->count || start != cuts->end) {
    if (cuts->count == QUEUE_CUTS_MAX) return errno = E2BIG, -1;
    end_range(cuts);
    cuts->count++;
    cuts->start = start;
  }
  cuts->end = end;
  return 0;
}

int queue_cuts_append(queue_cuts_t *cuts) {
  if (!cuts->count) return 0;
  end_range(cuts);
  cuts->list[cuts->len] = 0;
  return chain_append("CUT_RANGES", ",", cuts->list);
}
