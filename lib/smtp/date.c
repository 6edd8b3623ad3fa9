#include <stdio.h>
#include <time.h>

#include "smtp/smtp.h"

size_t smtp_date_format(char out[SMTP_DATE_SIZE], uint64_t seconds) {
  static char const days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static char const months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  uint64_t const last = 253402300799; /* of the year 9999 */
  time_t const time = (time_t)(seconds < last ? seconds : last);
  struct tm tm;
  gmtime_r(&time, &tm);
  return (size_t)snprintf(out, SMTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d +0000",
                          days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                          tm.tm_hour, tm.tm_min, tm.tm_sec);
}
