#include <stdio.h>
#include <string.h>
#include <time.h>

#include "delivery/delivery.h"
#include "text/text.h"

/* Writes "<before><value><after>" and a NUL; blanks of value become blank. */
static size_t put_field(char *out, char const *before, char const *value, char blank,
                        char const *after) {
  char *end = stpcpy(out, before);
  for (; *value; value++, end++) {
    *end = *value == ' ' ? blank : is_control(*value) ? '?' : *value;
  }
  return (size_t)(stpcpy(end, after) - out);
}

size_t delivery_return_path(char *out, char const *sender) {
  return put_field(out, "Return-Path: <", sender, ' ', ">\n");
}

size_t delivery_delivered_to(char *out, char const *recipient) {
  return put_field(out, "Delivered-To: ", recipient, ' ', "\n");
}

/* The date is asctime's, of GMT, whatever the locale. */
size_t delivery_mbox_line(char *out, char const *sender, int64_t time) {
  static char const *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static char const *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char date[64];
  time_t seconds = (time_t)time;
  struct tm fields = {0};
  gmtime_r(&seconds, &fields);
  snprintf(date, sizeof date, " %s %s %2d %02d:%02d:%02d %d\n", days[fields.tm_wday],
           months[fields.tm_mon], fields.tm_mday, fields.tm_hour, fields.tm_min, fields.tm_sec,
           fields.tm_year + 1900);
  return put_field(out, "From ", *sender ? sender : "MAILER-DAEMON", '-', date);
}
