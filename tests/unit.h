/* What a unit test needs: one line per case on stdout, and the exit code.

   A test is a program: it calls CHECK and its kin, each of which prints
   `ok - name` or `not ok - name` (with the reason on stderr), and ends with
   `return unit_done();`. tests/run counts the lines. */

#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int unit_cases;
static unsigned int unit_failures;

static inline int unit_case(char const *name, int passed) {
  unit_cases++;
  if (!passed) unit_failures++;
  printf("%s - %s\n", passed ? "ok" : "not ok", name);
  fflush(stdout);
  return passed;
}

static inline void unit_print_bytes(char const *label, char const *bytes, size_t length) {
  fprintf(stderr, "  %s: \"", label);
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\')
      fprintf(stderr, "\\%c", c);
    else if (c >= ' ' && c < 0x7f)
      fputc(c, stderr);
    else
      fprintf(stderr, "\\x%02x", c);
  }
  fprintf(stderr, "\" (%zu bytes)\n", length);
}

static inline void unit_check(char const *file, int line, char const *name, int condition,
                              char const *text) {
  if (!unit_case(name, condition)) fprintf(stderr, "  %s:%d: %s\n", file, line, text);
}

static inline void unit_check_mem(char const *file, int line, char const *name, char const *got,
                                  size_t got_length, char const *want, size_t want_length) {
  int same = got_length == want_length && (!got_length || !memcmp(got, want, got_length));
  if (unit_case(name, same)) return;
  fprintf(stderr, "  %s:%d\n", file, line);
  unit_print_bytes("got ", got, got_length);
  unit_print_bytes("want", want, want_length);
}

static inline void unit_check_str(char const *file, int line, char const *name, char const *got,
                                  char const *want) {
  if (!got || !want) {
    if (unit_case(name, got == want)) return;
    fprintf(stderr, "  %s:%d: got %s, want %s\n", file, line, got ? got : "(null)",
            want ? want : "(null)");
    return;
  }
  unit_check_mem(file, line, name, got, strlen(got), want, strlen(want));
}

static inline void unit_check_int(char const *file, int line, char const *name, intmax_t got,
                                  intmax_t want) {
  if (unit_case(name, got == want)) return;
  fprintf(stderr, "  %s:%d: got %" PRIdMAX ", want %" PRIdMAX "\n", file, line, got, want);
}

/* True if condition holds. */
#define CHECK(name, condition) unit_check(__FILE__, __LINE__, name, !!(condition), #condition)

/* Strings are equal; either may be null. */
#define CHECK_STR(name, got, want) unit_check_str(__FILE__, __LINE__, name, got, want)

/* Bytes are equal, NULs and all. */
#define CHECK_MEM(name, got, got_length, want, want_length)                                        \
  unit_check_mem(__FILE__, __LINE__, name, got, got_length, want, want_length)

/* Integers are equal (values that intmax_t holds). */
#define CHECK_INT(name, got, want)                                                                 \
  unit_check_int(__FILE__, __LINE__, name, (intmax_t)(got), (intmax_t)(want))

/* This case cannot be tried here; say why in the name. */
static inline void unit_skip(char const *name) {
  unit_cases++;
  printf("skip - %s\n", name);
  fflush(stdout);
}

/* The exit status of main: 0 if there were cases and none failed. */
static inline int unit_done(void) {
  return unit_cases && !unit_failures ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
