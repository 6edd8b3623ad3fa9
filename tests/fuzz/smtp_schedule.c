/* Values of HOLDFOR=, HOLDUNTIL=, BY= and MT-PRIORITY=: what is read is in its range, and says the
 * same when it is written again. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/smtp.h"

#define MUST(condition) ((condition) ? (void)0 : abort())

static void check_holdfor(char const *s, size_t len) {
  uint64_t seconds;
  if (smtp_holdfor_parse(&seconds, s, len)) return;
  MUST(seconds >= 1 && seconds <= SMTP_HOLDFOR_MAX && len <= 9);
}

static void check_holduntil(char const *s, size_t len) {
  char out[SMTP_DATE_TIME_SIZE];
  uint64_t const year_10000 = 253402300800;
  uint64_t seconds, again;
  if (smtp_holduntil_parse(&seconds, s, len)) return;
  MUST(seconds < year_10000 + 86400); /* an offset can bring it into the next year */
  if (seconds >= year_10000) return;
  smtp_date_time_format(out, seconds);
  MUST(!smtp_holduntil_parse(&again, out, strlen(out)) && again == seconds);
}

static void check_by(char const *s, size_t len) {
  char out[SMTP_BY_SIZE];
  smtp_by_t by, again;
  if (smtp_by_parse(&by, s, len)) return;
  MUST(by.seconds >= -SMTP_HOLDFOR_MAX && by.seconds <= SMTP_HOLDFOR_MAX);
  MUST(!by.returns || by.seconds > 0);
  smtp_by_format(out, &by);
  MUST(!smtp_by_parse(&again, out, strlen(out)));
  MUST(again.seconds == by.seconds && again.returns == by.returns && again.trace == by.trace);
}

static void check_priority(char const *s, size_t len) {
  int priority;
  if (smtp_priority_parse(&priority, s, len)) return;
  MUST(priority >= -9 && priority <= 9 && len <= 2);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *s = (char const *)data;
  check_holdfor(s, size);
  check_holduntil(s, size);
  check_by(s, size);
  check_priority(s, size);
  return 0;
}
