/* The lines of the auth service, both ways, and the record that sasl-ok writes. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sasl/sasl.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void check_word(char const *word) {
  if (word && (!*word || strchr(word, ' '))) abort();
}

static void fuzz_request(char *line) {
  sasl_request_t request;
  if (sasl_request_parse(&request, line) < 0) return;
  char const *const words[] = {request.mechanism, request.initial, request.timestamp, request.name,
                               request.digest};
  if (request.apop ? !request.digest : !request.mechanism) abort();
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) check_word(words[i]);
}

static void fuzz_answer(char const *line) {
  char const *text;
  sasl_result_t const result = sasl_answer_parse(line, &text);
  if (result == SASL_SUCCESS && strcmp(line, "OK")) abort();
  if (strlen(text) > strlen(line) || result > SASL_THROTTLED) abort();
}

/* What is taken for a record is what sasl-ok would have written of its facts. */
static void fuzz_record(char const *bytes, size_t len) {
  static char const token[] = "0123456789abcdef0123456789abcdef";
  static char record[SASL_RECORD_MAX];
  char const *facts, *strings[SASL_RECORD_MAX / 3 + 1];
  size_t count = 0;
  if (!sasl_record_parse(bytes, len, token, &facts)) return;
  for (; *facts; facts += strlen(facts) + 1) strings[count++] = facts;
  strings[count] = 0;
  if (sasl_record_format(record, token, strings) != len || memcmp(record, bytes, len)) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char *const line = malloc(size + 1);
  memcpy(line, data, size);
  line[size] = 0;
  fuzz_record(line, size);
  fuzz_answer(line);
  fuzz_request(line);
  free(line);
  return 0;
}
