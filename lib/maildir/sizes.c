#include <errno.h>
#include <limits.h>
#include <string.h>

#include "maildir/maildir.h"

/* Reads a number, with a sign perhaps; one that is too large stays at the largest. Returns its
   characters, 0 if there is none. */
static size_t scan(char const *s, size_t len, int64_t *number) {
  bool negative = len && *s == '-';
  size_t start = negative, i = start;
  int64_t value = 0;
  for (; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
    int digit = s[i] - '0';
    value = value > (INT64_MAX - digit) / 10 ? INT64_MAX : value * 10 + digit;
  }
  *number = negative ? -value : value;
  return i > start ? i : 0;
}

int maildir_quota_parse(maildir_usage_t *quota, char const *s, size_t len) {
  *quota = (maildir_usage_t){0, 0};
  for (size_t at = 0; at < len;) {
    int64_t number;
    size_t digits = scan(s + at, len - at, &number);
    if (!digits || number < 0 || at + digits == len) return errno = EINVAL, -1;
    char unit = s[at + digits];
    at += digits + 1;
    if (unit == 'S') quota->bytes = (uint64_t)number;
    if (unit == 'C') quota->messages = (uint64_t)number;
    if (at < len && s[at++] != ',') return errno = EINVAL, -1;
  }
  return 0;
}

/* What a letter behind a number makes of it: where it counts, and how many times. */
static struct unit {
  char letter;
  bool messages;
  unsigned shift;
} const units[] = {{'S', false, 0},  {'C', true, 0},   {'K', false, 10},
                   {'M', false, 20}, {'G', false, 30}, {'T', false, 40}};

static struct unit const *unit_find(char letter) {
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (units[i].letter == letter) return units + i;
  return NULL;
}

/* Reads "1G" into its part of a quota, which must be empty. Returns its bytes, 0 if it is none. */
static size_t read_part(maildir_usage_t *quota, char const *s) {
  int64_t number;
  size_t digits = scan(s, strlen(s), &number);
  struct unit const *unit = unit_find(s[digits] && s[digits] != ',' ? s[digits] : 'S');
  if (!digits || number <= 0 || !unit || number > INT64_MAX >> unit->shift) return 0;
  uint64_t *part = unit->messages ? &quota->messages : &quota->bytes;
  if (*part) return 0;
  *part = (uint64_t)number << unit->shift;
  return digits + (s[digits] && s[digits] != ',');
}

int maildir_quota_read(maildir_usage_t *quota, char const *s) {
  *quota = (maildir_usage_t){0, 0};
  if (!strcmp(s, "none")) return 0;
  for (;;) {
    size_t len = read_part(quota, s);
    if (len && !s[len]) return 0;
    if (!len || s[len] != ',') return errno = EINVAL, -1;
    s += len + 1;
  }
}

static size_t skip_blanks(char const *s, size_t len) {
  size_t i = 0;
  while (i < len && (s[i] == ' ' || s[i] == '\t')) i++;
  return i;
}

/* Takes a number and the blanks around it off the start of a line. */
static bool take_number(char const **s, size_t *len, int64_t *number) {
  size_t blanks = skip_blanks(*s, *len);
  size_t digits = scan(*s + blanks, *len - blanks, number);
  size_t taken = blanks + digits;
  taken += skip_blanks(*s + taken, *len - taken);
  *s += taken;
  *len -= taken;
  return digits;
}

static int64_t sum(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_add_overflow(a, b, &result)) return result;
  return a > 0 ? INT64_MAX : -INT64_MAX;
}

/* What the lines below the first add up to. */
typedef struct total {
  int64_t bytes, messages;
} total_t;

static int take_line(maildir_sizes_t *sizes, total_t *total, char const *s, size_t len) {
  int64_t bytes, messages;
  if (!take_number(&s, &len, &bytes) || !take_number(&s, &len, &messages) || len)
    return errno = EINVAL, -1;
  total->bytes = sum(total->bytes, bytes);
  total->messages = sum(total->messages, messages);
  sizes->lines++;
  return 0;
}

int maildir_sizes_parse(maildir_sizes_t *sizes, char const *text, size_t len) {
  total_t total = {0, 0};
  char const *end = text + len, *newline = memchr(text, '\n', len);
  *sizes = (maildir_sizes_t){.lines = 0};
  if (!newline) return errno = EINVAL, -1;
  if (maildir_quota_parse(&sizes->quota, text, (size_t)(newline - text)) < 0) {
    sizes->quota = (maildir_usage_t){0, 0};
    return -1;
  }
  for (char const *s = newline + 1; s < end; s = newline + 1) {
    newline = memchr(s, '\n', (size_t)(end - s));
    if (!newline) return errno = EINVAL, -1;
    if (take_line(sizes, &total, s, (size_t)(newline - s)) < 0) return -1;
  }
  sizes->used.bytes = total.bytes > 0 ? (uint64_t)total.bytes : 0;
  sizes->used.messages = total.messages > 0 ? (uint64_t)total.messages : 0;
  return 0;
}
