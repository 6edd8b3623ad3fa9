/* Certificates for unit tests: the openssl command makes them in a folder of the test's own. */
#ifndef TESTS_TLS_OPENSSL_H
#define TESTS_TLS_OPENSSL_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/cert_test.XXXXXX";

/* Goes to a new folder. */
static inline void folder_make(void) {
  if (!mkdtemp(folder) || chdir(folder) < 0) abort();
}

/* Runs a command of the shell, and ends the test if it fails. */
static inline void run(char const *format, ...) {
  char command[4096];
  va_list words;
  va_start(words, format);
  vsnprintf(command, sizeof command, format, words);
  va_end(words);
  if (system(command) == 0) return;
  fprintf(stderr, "failed: %s\n", command);
  exit(EXIT_FAILURE);
}

static inline void folder_remove(void) {
  if (chdir("/") == 0) run("rm -rf %s", folder);
}

/* A file's bytes, until the next one is read. */
static inline char const *file_read(char const *name, size_t *len) {
  static char bytes[300000];
  FILE *const file = fopen(name, "r");
  if (!file) return perror(name), exit(EXIT_FAILURE), NULL;
  *len = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  return bytes;
}

#endif
