#include <string.h>

#include "sasl/sasl.h"

/* The reason words of the protocol. Those that are not refusals have none. */
static char const *const words[] = {
    [SASL_FAILED] = "failed",       [SASL_MALFORMED] = "malformed", [SASL_CANCELLED] = "cancelled",
    [SASL_UNKNOWN] = "unknown",     [SASL_UNFIT] = "unfit",         [SASL_TOO_WEAK] = "weak",
    [SASL_TEMPORARY] = "temporary", [SASL_THROTTLED] = "throttled",
};

char const *sasl_result_word(sasl_result_t result) {
  return result < sizeof words / sizeof *words ? words[result] : NULL;
}

static sasl_result_t refusal_of(char const *word, size_t len) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (words[i] && strlen(words[i]) == len && !memcmp(words[i], word, len))
      return (sasl_result_t)i;
  return SASL_TEMPORARY;
}

sasl_result_t sasl_answer_parse(char const *line, char const **text) {
  *text = "";
  if (!strcmp(line, "OK")) return SASL_SUCCESS;
  if (line[0] == '+' && (!line[1] || line[1] == ' ')) {
    *text = line[1] ? line + 2 : "";
    return SASL_CHALLENGE;
  }
  if (strncmp(line, "NO ", 3)) return SASL_TEMPORARY;
  size_t const len = strcspn(line + 3, " ");
  *text = line + 3 + len + (line[3 + len] == ' ');
  return refusal_of(line + 3, len);
}
