/* users(5): whatever a line is, what it becomes can be written and is read again as the same. And a
   text that compiles gives a table in which each of its users is found. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "users/users.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void check_same(char const *a, char const *b) {
  if (!a != !b || (a && strcmp(a, b))) abort();
}

static void check_line(char const *line, size_t len) {
  static users_user_t user, again;
  char written[USERS_RECORD_MAX], twice[USERS_RECORD_MAX];
  char const *reason = NULL;
  int const result = users_line_parse(&user, line, len, &reason);
  if (result < 0 && !reason) abort();
  if (result <= 0) return;
  if (!users_name_valid(user.name, strlen(user.name))) abort();
  ssize_t const written_len = users_line_format(written, sizeof written, &user);
  if (written_len < 0) return; /* quotes can make it longer than it was */
  if (users_line_parse(&again, written, (size_t)written_len - 1, &reason) != 1) abort();
  check_same(user.name, again.name);
  check_same(user.hash, again.hash);
  check_same(user.plain, again.plain);
  check_same(user.home, again.home);
  check_same(user.senders, again.senders);
  check_same(user.certificates, again.certificates);
  if (users_line_format(twice, sizeof twice, &again) != written_len) abort();
  if (memcmp(written, twice, (size_t)written_len)) abort();
}

static void check_lines(char const *text, size_t len, int table) {
  char path[32];
  static users_user_t user, found;
  char const *reason;
  snprintf(path, sizeof path, "/proc/self/fd/%d", table);
  for (char const *line = text, *end = text + len; line < end;) {
    char const *const newline = memchr(line, '\n', (size_t)(end - line));
    size_t const line_len = (size_t)((newline ? newline : end) - line);
    check_line(line, line_len);
    if (table >= 0 && users_line_parse(&user, line, line_len, &reason) == 1) {
      if (users_find(path, user.name, &found) < 0) abort();
      check_same(user.name, found.name);
    }
    line += line_len + 1;
  }
}

static void report(void *data, size_t line, char const *reason) {
  size_t *const errors = data;
  if (!reason || !*reason || line > 1000000) abort();
  ++*errors;
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *const text = (char const *)data;
  size_t errors = 0;
  int const fd = memfd_create("users", MFD_CLOEXEC);
  int const result = users_compile(text, size, fd, report, &errors);
  if (result < 0 || !result != !errors) abort();
  check_lines(text, size, result ? -1 : fd);
  close(fd);
  return 0;
}
