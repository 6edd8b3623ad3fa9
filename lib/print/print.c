#include "print/print.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <skalibs/types.h>

#include "text/text.h"

void print_bytes(print_t *print, char const *s, size_t len) {
  if (buffer_put(print->to, s, len) < 0) print->failed = true;
}

void print_str(print_t *print, char const *s) {
  print_bytes(print, s, strlen(s));
}

static void pad(print_t *print, size_t len, size_t width) {
  for (; len < width; len++) print_str(print, " ");
}

/* ---- foreign bytes ---- */

/* U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: with them a line reads as another
 * one. */
static bool turns_direction(char const *s, size_t len) {
  unsigned char const *c = (unsigned char const *)s;
  if (len == 2) return c[0] == 0xd8 && c[1] == 0x9c;
  if (len != 3 || c[0] != 0xe2) return false;
  if (c[1] == 0x80) return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae);
  return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
}

/* Puts the character at the start of s; controls among kept stay. Returns its bytes. */
static size_t put_safe(print_t *print, char const *s, size_t len, char const *kept) {
  size_t const n = utf8_length(s, len);
  bool const plain = is_printable(*s) || (*s && strchr(kept, *s));
  if (print->raw || plain || (n && !turns_direction(s, n)))
    print_bytes(print, s, n ? n : 1);
  else
    print_str(print, "?");
  return n ? n : 1;
}

static size_t put_all_safe(print_t *print, char const *s, size_t len, char const *kept) {
  size_t count = 0;
  for (size_t i = 0; i < len; count++) i += put_safe(print, s + i, len - i, kept);
  return count;
}

size_t print_safe_bytes(print_t *print, char const *s, size_t len) {
  return put_all_safe(print, s, len, "");
}

size_t print_safe_lines(print_t *print, char const *s, size_t len) {
  return put_all_safe(print, s, len, "\n\t");
}

void print_safe(print_t *print, char const *s, size_t width) {
  pad(print, print_safe_bytes(print, s, strlen(s)), width);
}

/* ---- numbers ---- */

void print_uint(print_t *print, uint64_t number) {
  char s[UINT64_FMT];
  print_bytes(print, s, uint64_fmt(s, number));
}

typedef struct unit {
  uint64_t size;
  char const *name;
} unit_t;

static unit_t const time_units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
static unit_t const size_units[] = {{1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}, {1, ""}};

static void put_units(print_t *print, uint64_t amount, unit_t const *unit, size_t width) {
  char s[UINT64_FMT + 1];
  while (unit->size > 1 && amount / unit->size < 2) unit++;
  size_t len = uint64_fmt(s, amount / unit->size);
  if (*unit->name) s[len++] = *unit->name;
  print_bytes(print, s, len);
  pad(print, len, width);
}

void print_seconds(print_t *print, uint64_t seconds, size_t width) {
  put_units(print, seconds, time_units, width);
}

void print_size(print_t *print, uint64_t bytes, size_t width) {
  put_units(print, bytes, size_units, width);
}

void print_count(print_t *print, uint64_t number, char const *one, char const *many) {
  print_uint(print, number);
  print_str(print, " ");
  print_str(print, number == 1 ? one : many);
}

void print_time(print_t *print, uint64_t seconds) {
  uint64_t const last = 253402300799; /* of the year 9999 */
  time_t const when = (time_t)(seconds < last ? seconds : last);
  struct tm tm;
  char s[32];
  gmtime_r(&when, &tm);
  print_bytes(print, s, strftime(s, sizeof s, "%Y-%m-%d %H:%M:%S", &tm));
}

int print_end(print_t *print) {
  errno = EIO;
  return buffer_flush(print->to) && !print->failed ? 0 : -1;
}
