#include <errno.h>
#include <stdlib.h>

#include "../unit.h"
#include "conf/conf.h"
#include "queue/queue.h"

static struct {
  char const *text;
  int error; /* 0: it is one */
  size_t count;
  uint32_t last;
} const cases[] = {
    {"60", 0, 1, 60},
    {"60 300 900", 0, 3, 900},
    {"  60   60 8640000 ", 0, 3, 8640000},
    {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 "
     "33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 "
     "63 64",
     0, 64, 64},
    {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 "
     "33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 "
     "63 64 65",
     E2BIG, 0, 0},
    {"", EINVAL, 0, 0},
    {" ", EINVAL, 0, 0},
    {"60,300", EINVAL, 0, 0},
    {"60 5m", EINVAL, 0, 0},
    {"-60", EINVAL, 0, 0},
    {"300 60", EINVAL, 0, 0},
    {"0", ERANGE, 0, 0},
    {"60 8640001", ERANGE, 0, 0},
    {"4294967297", ERANGE, 0, 0},
    {"99999999999999999999", ERANGE, 0, 0},
};

static void test_parse(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    queue_schedule_t schedule;
    char const *name = *cases[i].text ? cases[i].text : "none";
    errno = 0;
    CHECK_INT(name, queue_schedule_parse(&schedule, cases[i].text), cases[i].error ? -1 : 0);
    CHECK_INT("its error", errno, cases[i].error);
    if (cases[i].error) continue;
    CHECK_INT("how many", schedule.count, cases[i].count);
    CHECK_INT("the last one", schedule.delays[schedule.count - 1], cases[i].last);
  }
}

static void test_delays(void) {
  queue_schedule_t schedule;
  queue_schedule_parse(&schedule, "1 60 600");
  CHECK_INT("at least five sixths", queue_retry_delay(&schedule, 2, 0), 50000000);
  CHECK("less than seven sixths", queue_retry_delay(&schedule, 2, 19999999) < 70000000);
  CHECK("moved by chance",
        queue_retry_delay(&schedule, 2, 5) != queue_retry_delay(&schedule, 2, 6000000));
  CHECK_INT("the longest", queue_retry_longest(&schedule), 700000000);
  CHECK("is never exceeded",
        queue_retry_delay(&schedule, 3, 199999999) < queue_retry_longest(&schedule));
  CHECK_INT("no attempt is as one", queue_retry_delay(&schedule, 0, 0),
            queue_retry_delay(&schedule, 1, 0));
  CHECK_INT("the last one goes on", queue_retry_delay(&schedule, 1000, 0), 500000000);
}

/* The sum of what is waited must fill the usual lifetime with few tries. */
static void test_preset(void) {
  queue_schedule_t schedule;
  uint64_t age = 0, lifetime = strtoull(conf_table[CONF_QUEUE_LIFETIME].preset, NULL, 10);
  unsigned attempts = 0;
  CHECK_INT("it is one", queue_schedule_parse(&schedule, conf_table[CONF_RETRY_SCHEDULE].preset),
            0);
  while (age < lifetime * 1000000) age += queue_retry_delay(&schedule, ++attempts, 0);
  CHECK("tries in five days", attempts > 15 && attempts < 40);
}

int main(void) {
  test_parse();
  test_delays();
  test_preset();
  return unit_done();
}
