#include <errno.h>
#include <string.h>

#include <skalibs/env.h>

#include "queue/format.h"

int queue_edits_take(queue_edits_t *edits, char const *const *environment, uint64_t size,
                     char const **step) {
  static queue_range_t ranges[QUEUE_RANGES_MAX];
  char const *headers = env_get2(environment, "ADD_HEADERS");
  char const *cuts = env_get2(environment, "CUT_RANGES");
  *edits = (queue_edits_t){.headers = headers ? headers : "", .ranges = ranges};
  *step = "parse ADD_HEADERS";
  if (strlen(edits->headers) > CHAIN_LIST_MAX) return errno = E2BIG, -1;
  if (!queue_headers_valid(edits->headers)) return errno = EINVAL, -1;
  *step = "parse CUT_RANGES";
  ssize_t const n = cuts ? queue_ranges_parse(ranges, QUEUE_RANGES_MAX, cuts, size) : 0;
  edits->nranges = n < 0 ? 0 : (size_t)n;
  return n < 0 ? -1 : 0;
}
