#include <string.h>

#include "steer/steer.h"
#include "text/text.h"

char const *const steer_answers[STEER_ANSWERS] = {
    [STEER_DONE] = "+done",
    [STEER_LATER] = "+later",
    [STEER_GONE] = "-gone",
    [STEER_IS_HELD] = "-held",
    [STEER_IS_NOT_HELD] = "-not held",
    [STEER_IS_EARLY] = "-too early",
    [STEER_IS_DROPPED] = "-dropped already",
    [STEER_FAILED] = "-failed",
    [STEER_BAD] = "-bad request",
    [STEER_DENIED] = "-not allowed",
};

steer_answer_t steer_answer_parse(char const *line) {
  steer_answer_t answer = 0;
  while (answer < STEER_ANSWERS && strcmp(line, steer_answers[answer]) != 0) answer++;
  return answer;
}

size_t steer_fields_split(char const *fields[STEER_FIELDS_MAX], char *line) {
  size_t count = 0;
  while (line && count < STEER_FIELDS_MAX) {
    fields[count++] = line;
    line = strchr(line, '\t');
    if (line) *line++ = 0;
  }
  return count;
}

size_t steer_fields_format(char out[STEER_LINE_MAX], char const *const *fields, size_t count) {
  size_t const most = STEER_LINE_MAX - 1;
  size_t len = 0;
  out[len++] = '=';
  for (size_t i = 0; i < count; i++) {
    if (i && len < most) out[len++] = '\t';
    for (char const *s = fields[i]; *s && len < most; s++) out[len++] = is_control(*s) ? ' ' : *s;
  }
  out[len++] = '\n';
  return len;
}
