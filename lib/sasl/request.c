#include <errno.h>
#include <string.h>

#include "sasl/sasl.h"

/* Cuts off the next word. NULL if there is none; an empty one is none. */
static char *take_word(char **rest) {
  char *word = *rest;
  if (!word || !*word || *word == ' ') return NULL;
  *rest = strchr(word, ' ');
  if (*rest) *(*rest)++ = 0;
  return word;
}

static bool parse_auth(sasl_request_t *request, char *rest) {
  request->mechanism = take_word(&rest);
  if (!request->mechanism || !rest) return request->mechanism;
  request->initial = take_word(&rest);
  return request->initial && !rest;
}

static bool parse_apop(sasl_request_t *request, char *rest) {
  request->apop = true;
  request->timestamp = take_word(&rest);
  request->name = take_word(&rest);
  request->digest = take_word(&rest);
  return request->digest && !rest;
}

int sasl_request_parse(sasl_request_t *request, char *line) {
  char *rest = line, *verb = take_word(&rest);
  *request = (sasl_request_t){.apop = false};
  if (verb && !strcmp(verb, "AUTH") && parse_auth(request, rest)) return 0;
  if (verb && !strcmp(verb, "APOP") && parse_apop(request, rest)) return 0;
  return errno = EINVAL, -1;
}
