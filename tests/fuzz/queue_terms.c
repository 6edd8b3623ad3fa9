/* When a message's sender wants it delivered: the fact SMTP_PRIORITY, a newline, and the message's
   parameters, one in a line. */
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"

#define LATEST UINT64_C(253402300800000000) /* the year 10000, in microseconds */

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static void check(queue_terms_t const *terms) {
  if (terms->priority < -9 || terms->priority > 9) __builtin_trap();
  if (queue_priority_class(terms->priority) >= QUEUE_PRIORITIES) __builtin_trap();
  if (!terms->deadline && (terms->returns || terms->trace)) __builtin_trap();
  if (terms->release > LATEST || terms->deadline > LATEST) __builtin_trap();
}

static void cut_lines(char *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (s[i] == '\n') s[i] = 0;
}

/* Parameters follow an envelope as an injector may send it. */
static void try_terms(queue_entry_t *entry, char const *parameters, size_t len) {
  static char const head[] = "Fa@b\0Tc@d\0\0P";
  queue_terms_t terms;
  char *bytes = malloc(sizeof head + len + 2);
  if (!bytes) abort();
  memcpy(bytes, head, sizeof head);
  memcpy(bytes + sizeof head, parameters, len);
  memcpy(bytes + sizeof head + len, "\0", 2);
  cut_lines(bytes + sizeof head, len);
  if (queue_envelope_parse(&entry->envelope, bytes, sizeof head + len + 2) == 0) {
    queue_terms_read(&terms, entry);
    check(&terms);
  }
  free(bytes);
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  static char const name[] = "VSMTP_PRIORITY=";
  char const *newline = memchr(data, '\n', size);
  size_t const len = newline ? (size_t)(newline - (char const *)data) : size;
  size_t const left = newline ? size - len - 1 : 0;
  char *fact = malloc(sizeof name + len);
  if (!fact) abort();
  memcpy(fact, name, sizeof name - 1);
  memcpy(fact + sizeof name - 1, data, len);
  fact[sizeof name - 1 + len] = 0;
  queue_entry_t entry = {.id = "hocwpe9fe1vxhtqk", .facts = fact, .facts_len = strlen(fact) + 1};
  try_terms(&entry, (char const *)data + size - left, left);
  free(fact);
  return 0;
}
