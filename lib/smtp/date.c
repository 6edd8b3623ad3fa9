#include <string.h>
#include <time.h>

#include "smtp/smtp.h"

static void put_number(char *out, size_t digits, int number) {
  for (; digits--; number /= 10) out[digits] = (char)('0' + number % 10);
}

size_t smtp_date_format(char out[SMTP_DATE_SIZE], uint64_t seconds) {
  static char const form[] = "Thu, 01 Jan 1970 00:00:00 +0000";
  static char const days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static char const months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  uint64_t const last = 253402300799; /* of the year 9999 */
  time_t const time = (time_t)(seconds < last ? seconds : last);
  struct tm tm;
  gmtime_r(&time, &tm);
  memcpy(out, form, sizeof form);
  memcpy(out, days[tm.tm_wday], 3);
  put_number(out + 5, 2, tm.tm_mday);
  memcpy(out + 8, months[tm.tm_mon], 3);
  put_number(out + 12, 4, tm.tm_year + 1900);
  put_number(out + 17, 2, tm.tm_hour);
  put_number(out + 20, 2, tm.tm_min);
  put_number(out + 23, 2, tm.tm_sec);
  return sizeof form - 1;
}
