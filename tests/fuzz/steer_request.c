/* What comes to queue-send's control socket, and what a program reads from there. */
#include <stdlib.h>
#include <string.h>

#include "steer/steer.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

/* What was parsed and is written again parses to the same. */
static void check_request(steer_request_t const *request) {
  char line[STEER_LINE_MAX];
  steer_request_t again;
  size_t const len = steer_request_format(line, request);
  if (len > STEER_LINE_MAX || memchr(line, '\n', len) != line + len - 1) __builtin_trap();
  if (steer_request_parse(&again, line, len - 1) < 0) __builtin_trap();
  if (again.verb != request->verb || strcmp(again.name, request->name) != 0 ||
      strncmp(again.reason, request->reason, STEER_REASON_MAX) != 0)
    __builtin_trap();
}

static void check_fields(char *line) {
  char const *fields[STEER_FIELDS_MAX];
  char out[STEER_LINE_MAX];
  size_t const count = steer_fields_split(fields, line);
  size_t const len = steer_fields_format(out, fields, count);
  if (!count || len > sizeof out || memchr(out, '\n', len) != out + len - 1) __builtin_trap();
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  steer_request_t request;
  char *line = malloc(size + 1);
  if (!line) abort();
  memcpy(line, data, size);
  if (steer_request_parse(&request, line, size) == 0) check_request(&request);
  memcpy(line, data, size);
  line[size] = 0;
  (void)steer_answer_parse(line);
  check_fields(line);
  free(line);
  return 0;
}
