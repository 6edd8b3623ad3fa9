#include "due.h"

#include <skalibs/random.h>

#include "attempt.h"
#include "notice.h"

uint64_t attempt_age_base(attempt_t const *attempt) {
  uint64_t arrival = time_of_now(queue_entry_arrival(&attempt->entry));
  return attempt->terms.release > arrival ? attempt->terms.release : arrival;
}

uint64_t attempt_expiry(attempt_t const *attempt) {
  uint64_t end = attempt_age_base(attempt) + settings.lifetime;
  return attempt->terms.returns ? time_earlier(end, attempt->terms.deadline) : end;
}

bool attempt_is_late(attempt_t const *attempt) {
  return attempt->terms.returns && time_now() >= attempt->terms.deadline;
}

uint64_t attempt_next_event(attempt_t const *attempt) {
  return time_earlier(notice_delay_due(attempt), attempt_expiry(attempt));
}

uint64_t attempt_next_try(attempt_t const *attempt) {
  uint64_t now = time_now(), next = attempt->state.next;
  uint32_t random;
  random_buf((char *)&random, sizeof random);
  if (!attempt->early || next < now)
    next = now + queue_retry_delay(&settings.schedule, attempt->state.attempts + 1, random);
  return time_earlier(next, attempt_next_event(attempt));
}

/* Nothing is put off for longer than the schedule has it: the clock was set back since. */
bool attempt_is_due(attempt_t const *attempt) {
  uint64_t now = time_now(), next = attempt->state.next;
  return next <= now || time_until(next, now) > queue_retry_longest(&settings.schedule);
}

bool attempt_has_expired(attempt_t const *attempt) {
  queue_what_t order = attempt->state.order;
  if (order == QUEUE_HELD || order == QUEUE_DROPPED) return false;
  return time_now() >= attempt_expiry(attempt);
}
