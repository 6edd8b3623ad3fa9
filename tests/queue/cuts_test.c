/* Ranges on their way into CUT_RANGES, and the message that a link looks at. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../unit.h"
#include "queue/queue.h"

static queue_cuts_t cuts;

static void begin(char const *list) {
  cuts = (queue_cuts_t){.count = 0};
  if (list)
    setenv("CUT_RANGES", list, 1);
  else
    unsetenv("CUT_RANGES");
}

static void check_ranges(void) {
  begin(0);
  CHECK_INT("none", queue_cuts_append(&cuts), 0);
  CHECK_STR("nothing is said", getenv("CUT_RANGES"), 0);
  queue_cuts_add(&cuts, 0, 5);
  queue_cuts_add(&cuts, 5, 9);
  queue_cuts_add(&cuts, 12, 20);
  CHECK_INT("two that touch are one", cuts.count, 2);
  queue_cuts_append(&cuts);
  CHECK_STR("the list", getenv("CUT_RANGES"), "0-9,12-20");
  begin("3-4");
  queue_cuts_add(&cuts, UINT64_MAX - 1, UINT64_MAX);
  queue_cuts_append(&cuts);
  CHECK_STR("behind others'", getenv("CUT_RANGES"),
            "3-4,18446744073709551614-18446744073709551615");
}

static void check_caps(void) {
  bool all = true;
  begin(0);
  for (uint64_t i = 0; i < QUEUE_CUTS_MAX; i++)
    all = all && !queue_cuts_add(&cuts, 1000000 + 2 * i, 1000001 + 2 * i);
  CHECK("as many as there may be", all);
  CHECK("one more", queue_cuts_add(&cuts, 1, 2) < 0 && errno == E2BIG);
  CHECK_INT("they are said", queue_cuts_append(&cuts), 0);
  begin(0);
  for (uint64_t i = 0; i < QUEUE_CUTS_MAX; i++)
    queue_cuts_add(&cuts, UINT64_MAX / 2 + 2 * i, UINT64_MAX / 2 + 1 + 2 * i);
  CHECK("the longest do not fit", queue_cuts_append(&cuts) < 0 && errno == E2BIG);
}

static void check_map(void) {
  char const *step, *message;
  size_t len;
  int const fd = open(".", O_TMPFILE | O_RDWR, 0600), null = open("/dev/null", O_RDONLY);
  if (fd < 0 || write(fd, "A: b\n", 5) != 5 || lseek(fd, 0, SEEK_SET)) {
    unit_skip("no file without a name here");
    return;
  }
  dup2(fd, 0);
  message = queue_message_map("/nonexistent", &len, &step);
  CHECK_MEM("a file", message, message ? len : 0, "A: b\n", 5);
  lseek(0, 2, SEEK_SET);
  CHECK("no queue to spool it in", !queue_message_map("/nonexistent", &len, &step));
  CHECK_STR("what failed", step, "open a spool file");
  dup2(null, 0);
  message = queue_message_map("/nonexistent", &len, &step);
  CHECK("an empty one", message && !len);
}

int main(void) {
  check_ranges();
  check_caps();
  check_map();
  return unit_done();
}
