#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mime/mime.h"
#include "mime/scan.h"

#define ZONE_MAX 5 /* letters of a zone's name that we know */

/* RFC 5322 4.3. The military letters were defined wrong way round once: they say nothing, as do
   names that are not here. */
static struct {
  char name[ZONE_MAX + 1];
  int hours;
} const zones[] = {
    {"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
    {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
};

static bool skip_blanks(scan_t *scan) {
  return scan_blanks(scan) && scan->at < scan->end;
}

/* Takes a number of at most so many digits. How many there were, 0 for none or too many. */
static size_t take_number(scan_t *scan, int *number, size_t digits_max) {
  size_t digits = 0;
  *number = 0;
  for (; scan->at < scan->end && is_digit(*scan->at); scan->at++) {
    if (++digits > digits_max) return 0;
    *number = *number * 10 + (*scan->at - '0');
  }
  return digits;
}

static size_t take_letters(scan_t *scan) {
  char const *begin = scan->at;
  while (scan->at < scan->end && is_letter(*scan->at)) scan->at++;
  return (size_t)(scan->at - begin);
}

/* Day of the week, and its comma, which some leave out. */
static bool take_weekday(scan_t *scan) {
  if (!take_letters(scan)) return true;
  if (!skip_blanks(scan)) return false;
  return !scan_byte(scan, ',') || skip_blanks(scan);
}

static bool take_month(scan_t *scan, int *month) {
  static char const names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char const *name = scan->at;
  if (take_letters(scan) != 3) return false;
  for (*month = 0; *month < 12; ++*month)
    if (!strncasecmp(names[*month], name, 3)) return true;
  return false;
}

/* A year of two digits is of 1950 to 2049, one of three counts from 1900 (4.3). */
static bool take_year(scan_t *scan, int *year) {
  size_t const digits = take_number(scan, year, 4);
  if (digits == 2) *year += *year < 50 ? 2000 : 1900;
  if (digits == 3) *year += 1900;
  return digits >= 2 && *year >= 1900;
}

static bool take_date(scan_t *scan, struct tm *tm) {
  int year;
  if (!take_number(scan, &tm->tm_mday, 2) || !skip_blanks(scan)) return false;
  if (!take_month(scan, &tm->tm_mon) || !skip_blanks(scan)) return false;
  if (!take_year(scan, &year) || !skip_blanks(scan)) return false;
  tm->tm_year = year - 1900;
  return true;
}

/* Takes ":" and two digits. */
static bool take_part(scan_t *scan, int *number) {
  return scan_byte(scan, ':') && skip_blanks(scan) && take_number(scan, number, 2) == 2 &&
         scan_blanks(scan);
}

static bool take_time(scan_t *scan, struct tm *tm) {
  if (!take_number(scan, &tm->tm_hour, 2) || !skip_blanks(scan)) return false;
  if (!take_part(scan, &tm->tm_min)) return false;
  if (scan_peek(scan) == ':' && !take_part(scan, &tm->tm_sec)) return false;
  return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

static bool take_offset(scan_t *scan, int *zone) {
  int const sign = *scan->at++ == '-' ? -1 : 1;
  int number;
  if (take_number(scan, &number, 4) != 4 || number % 100 >= 60) return false;
  *zone = sign * (number / 100 * 60 + number % 100);
  return true;
}

static bool take_zone(scan_t *scan, int *zone) {
  char const *name = scan->at;
  char const first = scan_peek(scan);
  *zone = 0;
  if (first == '+' || first == '-') return take_offset(scan, zone);
  size_t const len = take_letters(scan);
  for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
    if (strlen(zones[i].name) == len && !strncasecmp(zones[i].name, name, len))
      *zone = zones[i].hours * 60;
  return true;
}

/* A day that its month does not have is another one once timegm has seen it. */
static bool to_seconds(int64_t *seconds, struct tm *tm, int zone) {
  int const day = tm->tm_mday, leap = tm->tm_sec == 60;
  tm->tm_sec -= leap;
  *seconds = (int64_t)timegm(tm) + leap - (int64_t)zone * 60;
  return tm->tm_mday == day;
}

int mime_date_parse(int64_t *seconds, int *zone, char const *s, size_t len) {
  scan_t scan = {.at = s, .end = s + len};
  struct tm tm = {.tm_sec = 0};
  bool const good = skip_blanks(&scan) && take_weekday(&scan) && take_date(&scan, &tm) &&
                    take_time(&scan, &tm) && take_zone(&scan, zone) && scan_blanks(&scan) &&
                    scan.at == scan.end && to_seconds(seconds, &tm, *zone);
  return good ? 0 : (errno = EINVAL, -1);
}
