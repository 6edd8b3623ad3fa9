#include <errno.h>
#include <stdlib.h>

#include <skalibs/types.h>

#include "queue/queue.h"

/* Scans "12-40" at s. Returns what follows, or NULL. */
static char const *scan_range(queue_range_t *range, char const *s) {
  size_t n = uint64_scan(s, &range->start);
  if (!n || s[n] != '-') return NULL;
  s += n + 1;
  n = uint64_scan(s, &range->end);
  if (!n || range->start > range->end) return NULL;
  return s + n;
}

static ssize_t scan_ranges(queue_range_t *ranges, size_t max, char const *s) {
  size_t n = 0;
  while (*s) {
    if (n == max) return errno = E2BIG, -1;
    s = scan_range(&ranges[n++], s);
    if (!s || (*s && (*s++ != ',' || !*s))) return errno = EINVAL, -1;
  }
  return (ssize_t)n;
}

static int compare(void const *a, void const *b) {
  uint64_t x = ((queue_range_t const *)a)->start, y = ((queue_range_t const *)b)->start;
  return (x > y) - (x < y);
}

/* Joins sorted ranges in place, without those that cut nothing. Returns how many are left. */
static size_t join(queue_range_t *ranges, size_t n, uint64_t size) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    queue_range_t range = ranges[i];
    if (range.end > size) range.end = size;
    if (range.start >= range.end) continue;
    if (!kept || range.start > ranges[kept - 1].end)
      ranges[kept++] = range;
    else if (range.end > ranges[kept - 1].end)
      ranges[kept - 1].end = range.end;
  }
  return kept;
}

ssize_t queue_ranges_parse(queue_range_t *ranges, size_t max, char const *s, uint64_t size) {
  ssize_t n = scan_ranges(ranges, max, s);
  if (n <= 0) return n;
  qsort(ranges, (size_t)n, sizeof *ranges, compare);
  return (ssize_t)join(ranges, (size_t)n, size);
}
