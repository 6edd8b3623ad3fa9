#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smtp/smtp.h"
#include "text/text.h"

/* Reads up to nine digits. The bytes it took; more digits are left where they are. */
static size_t digits_parse(int64_t *number, char const *s, size_t len) {
  enum { DIGITS_MAX = 9 };
  size_t n = 0;
  *number = 0;
  for (; n < len && n < DIGITS_MAX && is_digit(s[n]); n++) *number = *number * 10 + (s[n] - '0');
  return n;
}

/* ---- HOLDFOR ---- */

int smtp_holdfor_parse(uint64_t *seconds, char const *s, size_t len) {
  int64_t number;
  size_t n = digits_parse(&number, s, len), end = n;
  while (end < len && is_digit(s[end])) end++;
  if (!n || end < len || *s == '0') return errno = EINVAL, -1;
  if (n < len) return errno = ERANGE, -1;
  *seconds = (uint64_t)number;
  return 0;
}

/* ---- HOLDUNTIL ---- */

/* The pieces of a date-time, and what they must be. */
static struct {
  unsigned char at, digits;
  short min, max;
} const pieces[] = {{0, 4, 0, 9999}, {5, 2, 1, 12},  {8, 2, 1, 31},
                    {11, 2, 0, 23},  {14, 2, 0, 59}, {17, 2, 0, 60}};
enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, PIECES };
static char const date_form[] = "dddd-dd-ddTdd:dd:dd";

/* True if s begins as form says: d is a digit, a letter is itself in any case. */
static bool form_fits(char const *form, char const *s, size_t len) {
  size_t form_len = strlen(form);
  if (len < form_len) return false;
  for (size_t i = 0; i < form_len; i++)
    if (form[i] == 'd' ? !is_digit(s[i]) : s[i] != form[i] && !(form[i] == 'T' && s[i] == 't'))
      return false;
  return true;
}

static bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool day_exists(int const part[PIECES]) {
  static signed char const days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int leap = part[MONTH] == 2 && is_leap(part[YEAR]);
  return part[DAY] <= days[part[MONTH] - 1] + leap;
}

static int parts_parse(int part[PIECES], char const *s) {
  for (size_t i = 0; i < PIECES; i++) {
    int64_t number;
    digits_parse(&number, s + pieces[i].at, pieces[i].digits);
    if (number < pieces[i].min || number > pieces[i].max) return -1;
    part[i] = (int)number;
  }
  return day_exists(part) ? 0 : -1;
}

/* time-offset: Z, or hours and minutes. The seconds that it is ahead of UTC. */
static int offset_parse(int64_t *ahead, char const *s, size_t len) {
  int64_t hours, minutes;
  *ahead = 0;
  if (len == 1 && (*s == 'Z' || *s == 'z')) return 0;
  if (len != 6 || (*s != '+' && *s != '-') || !form_fits("dd:dd", s + 1, len - 1)) return -1;
  digits_parse(&hours, s + 1, 2);
  digits_parse(&minutes, s + 4, 2);
  if (hours > 23 || minutes > 59) return -1;
  *ahead = (hours * 60 + minutes) * (*s == '-' ? -60 : 60);
  return 0;
}

/* The bytes of a time-secfrac at the start of s; 0 if there is none. */
static size_t fraction_length(char const *s, size_t len) {
  size_t n = 1;
  if (!len || *s != '.') return 0;
  while (n < len && is_digit(s[n])) n++;
  return n > 1 ? n : 0;
}

int smtp_holduntil_parse(uint64_t *seconds, char const *s, size_t len) {
  size_t at = sizeof date_form - 1;
  int part[PIECES];
  int64_t ahead;
  if (!form_fits(date_form, s, len) || parts_parse(part, s) < 0) return errno = EINVAL, -1;
  at += fraction_length(s + at, len - at);
  if (offset_parse(&ahead, s + at, len - at) < 0) return errno = EINVAL, -1;
  struct tm tm = {.tm_year = part[YEAR] - 1900,
                  .tm_mon = part[MONTH] - 1,
                  .tm_mday = part[DAY],
                  .tm_hour = part[HOUR],
                  .tm_min = part[MINUTE],
                  .tm_sec = part[SECOND]};
  int64_t since = timegm(&tm) - ahead;
  if (since < 0) return errno = ERANGE, -1;
  *seconds = (uint64_t)since;
  return 0;
}

void smtp_date_time_format(char out[SMTP_DATE_TIME_SIZE], uint64_t seconds) {
  uint64_t const last = 253402300799; /* of the year 9999 */
  time_t const time = (time_t)(seconds < last ? seconds : last);
  struct tm tm;
  gmtime_r(&time, &tm);
  strftime(out, SMTP_DATE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* ---- BY ---- */

static bool letter_is(char c, char letter) {
  return c == letter || c == letter + ('a' - 'A');
}

/* ";" and by-mode and by-trace. */
static int mode_parse(smtp_by_t *by, char const *s, size_t len) {
  if (len < 2 || len > 3 || *s != ';') return -1;
  by->returns = letter_is(s[1], 'R');
  by->trace = len == 3 && letter_is(s[2], 'T');
  return (by->returns || letter_is(s[1], 'N')) && (len == 2 || by->trace) ? 0 : -1;
}

int smtp_by_parse(smtp_by_t *by, char const *s, size_t len) {
  bool negative = len && *s == '-';
  size_t at = negative || (len && *s == '+');
  size_t n = digits_parse(&by->seconds, s + at, len - at), end = at + n;
  while (end < len && is_digit(s[end])) end++;
  if (!n || mode_parse(by, s + end, len - end) < 0) return errno = EINVAL, -1;
  if (negative) by->seconds = -by->seconds;
  if (end > at + n || (by->returns && by->seconds <= 0)) return errno = ERANGE, -1;
  return 0;
}

void smtp_by_format(char out[SMTP_BY_SIZE], smtp_by_t const *by) {
  snprintf(out, SMTP_BY_SIZE, "%d;%c%s", (int)by->seconds, by->returns ? 'R' : 'N',
           by->trace ? "T" : "");
}

/* ---- MT-PRIORITY ---- */

int smtp_priority_parse(int *priority, char const *s, size_t len) {
  bool negative = len && *s == '-';
  int64_t number;
  size_t n = digits_parse(&number, s + negative, len - negative), end = negative + n;
  while (end < len && is_digit(s[end])) end++;
  if (!n || end < len || (s[negative] == '0' && len > 1)) return errno = EINVAL, -1;
  if (n > 1) return errno = ERANGE, -1;
  *priority = (int)(negative ? -number : number);
  return 0;
}
