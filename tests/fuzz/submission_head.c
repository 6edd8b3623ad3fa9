/* A message's header as `submission' reads and judges it: what bob is let through with names him.
   Headers that were added, ranges that were cut and the message follow one another, a 0xff behind
   each of the first two; the first byte chooses the rules. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// NOLINTBEGIN(bugprone-suspicious-include): a program's sources are in no library
#include "../../cmd/policy/submission/head.c"
#include "../../cmd/policy/submission/judge.c"
// NOLINTEND(bugprone-suspicious-include)

static char const *take_string(char **rest) {
  char *const end = strchr(*rest, 0xff), *const start = *rest;
  if (!end) return "";
  *end = 0;
  *rest = end + 1;
  return start;
}

static bool names_bob(field_t const *field) {
  static char const bob[] = "bob";
  for (size_t at = 0; at + sizeof bob - 1 <= field->len; at++)
    if (!strncasecmp(field->value + at, bob, sizeof bob - 1)) return true;
  return false;
}

static void check(judgement_t const *judgement, head_t const *head, rules_t const *rules) {
  if (!memchr(judgement->address, 0, sizeof judgement->address)) abort();
  if (judgement->problem != PROBLEM_NONE || rules->anyone) return;
  if (head->fields[FIELD_FROM].count != 1) abort();
  bool const in_sender = head->fields[FIELD_SENDER].count && names_bob(&head->fields[FIELD_SENDER]);
  if (!names_bob(&head->fields[FIELD_FROM]) && !in_sender) abort();
}

static void judge(char const *message, size_t len, uint8_t flags) {
  static head_t head;
  rules_t const rules = {.user = "bob",
                         .me = "example.org",
                         .anyone = flags & 1,
                         .lines = flags & 2,
                         .resent = flags & 4,
                         .at_once = flags & 8};
  judgement_t judgement;
  memset(&head, 0, sizeof head);
  memset(&judgement, 0, sizeof judgement);
  if (head_read(&head, message, len, flags & 16) < 0) return;
  head_judge(&judgement, &head, &rules);
  check(&judgement, &head, &rules);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  if (!size || size > 60000) return 0;
  char *const copy = malloc(size), *rest = copy;
  if (!copy) return 0;
  memcpy(copy, data + 1, size - 1);
  copy[size - 1] = 0;
  setenv("ADD_HEADERS", take_string(&rest), 1);
  setenv("CUT_RANGES", take_string(&rest), 1);
  judge(rest, (size_t)(copy + size - 1 - rest), data[0]);
  free(copy);
  return 0;
}
