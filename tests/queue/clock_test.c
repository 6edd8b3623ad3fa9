/* queue-send's clocks, and what waits by them, with a wall clock that this test sets. The files are
 * compiled in here: nobody else has them. */
#include <stdint.h>
#include <time.h>

static int64_t set_wall = 1000, set_steady = 77; /* seconds */

static int set_clock_gettime(clockid_t clock, struct timespec *now) {
  *now = (struct timespec){.tv_sec = (time_t)(clock == CLOCK_REALTIME ? set_wall : set_steady)};
  return 0;
}

#define clock_gettime set_clock_gettime
#include "../../cmd/queue/queue-send/clock.c" // NOLINT(bugprone-suspicious-include)
#undef clock_gettime
#include "../../cmd/queue/queue-send/index.c" // NOLINT(bugprone-suspicious-include)
#include "../../cmd/queue/queue-send/place.c" // NOLINT(bugprone-suspicious-include)
#include "../unit.h"

settings_t settings;

static void pass(int64_t seconds) {
  set_wall += seconds;
  set_steady += seconds;
}

static item_t *add(char const *name, uint64_t due) {
  item_t *item = index_add(name);
  if (!item) exit(111);
  index_wait(item, due);
  return item;
}

static void looking(void) {
  CHECK_INT("at first there is nothing to compare with", clock_look(), 0);
  pass(600);
  CHECK_INT("time passes", clock_look(), 0);
  pass(1);
  set_wall -= 3600;
  CHECK_INT("set back by an hour", clock_look(), -3600 * (int64_t)SECOND);
  CHECK_INT("once", clock_look(), 0);
  set_wall += 3600;
  CHECK_INT("and forward", clock_look(), 3600 * (int64_t)SECOND);
}

/* A machine without a clock of its own begins in 1970. */
static void ages(void) {
  uint64_t const before = time_now();
  pass(10);
  clock_look();
  set_wall += 1000000000;
  pass(5);
  clock_look();
  CHECK_INT("what came before is fifteen seconds old", time_now() - time_of_now(before),
            15 * (int64_t)SECOND);
  CHECK_INT("what comes now is new", time_now() - time_of_now(time_now()), 0);
  CHECK_INT("what was there before we were is as old as it says", time_of_now(1), 1);
}

static void waits(void) {
  item_t *minute = add("hock9tq2oeauptqs.0000000000000001", time_now() + 60 * SECOND);
  item_t *hour = add("hock9tq2oeauptqs.0000000000000002", time_now() + 3600 * SECOND);
  item_t *never = add("hock9tq2oeauptqs.0000000000000003", NEVER);
  set_wall -= 7200;
  index_set_back((uint64_t)-clock_look());
  CHECK("nothing is due at once", !index_take(time_now()));
  pass(59);
  CHECK("nor after a minute less a second", !index_take(time_now()));
  pass(1);
  CHECK("but after a minute", index_take(time_now()) == minute);
  CHECK("whatever its log says", minute->urge == ITEM_FORCED);
  pass(3540);
  CHECK("and after an hour", index_take(time_now()) == hour);
  CHECK("what is never due stays so", never->due == NEVER && !index_take(time_now()));
  index_wait(hour, 5 * SECOND);
  index_set_back(10 * SECOND);
  CHECK("a time before the epoch is over", index_take(0) == hour);
}

int main(void) {
  looking();
  ages();
  waits();
  return unit_done();
}
