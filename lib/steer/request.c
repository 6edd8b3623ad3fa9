#include <errno.h>
#include <string.h>

#include "steer/steer.h"
#include "text/text.h"

steer_verb_kind_t const steer_verbs[STEER_VERBS] = {
    [STEER_RETRY] = {"retry", true, QUEUE_NOTHING},
    [STEER_HOLD] = {"hold", true, QUEUE_HELD},
    [STEER_RELEASE] = {"release", true, QUEUE_RELEASED},
    [STEER_DROP] = {"drop", true, QUEUE_DROPPED},
    [STEER_BOUNCE] = {"bounce", true, QUEUE_BOUNCED},
    [STEER_LIST] = {"list", false, QUEUE_NOTHING},
    [STEER_STAT] = {"stat", false, QUEUE_NOTHING},
};

static steer_verb_t find_verb(char const *s, size_t len) {
  steer_verb_t verb = 0;
  while (verb < STEER_VERBS &&
         (strlen(steer_verbs[verb].word) != len || memcmp(steer_verbs[verb].word, s, len) != 0))
    verb++;
  return verb;
}

/* Ends the word at s, and returns what is behind the blank that ended it. */
static char *end_word(char *s) {
  char *blank = strchr(s, ' ');
  if (!blank) return s + strlen(s);
  *blank = 0;
  return blank + 1;
}

static void clean(char *s) {
  for (; *s; s++)
    if (is_control(*s)) *s = ' ';
}

int steer_request_parse(steer_request_t *request, char *line, size_t len) {
  line[len] = 0;
  if (strlen(line) != len) return errno = EINVAL, -1;
  char *name = end_word(line), *reason = end_word(name);
  request->verb = find_verb(line, strlen(line));
  if (request->verb == STEER_VERBS) return errno = EINVAL, -1;
  bool const needed = steer_verbs[request->verb].has_name || *name || *reason;
  if (needed && !queue_name_valid(name)) return errno = EINVAL, -1;
  clean(reason);
  request->name = name;
  request->reason = reason;
  return 0;
}

size_t steer_request_format(char out[STEER_LINE_MAX], steer_request_t const *request) {
  char *end = stpcpy(out, steer_verbs[request->verb].word);
  if (*request->name) end = stpcpy(stpcpy(end, " "), request->name);
  if (*request->reason) {
    size_t const len = strnlen(request->reason, STEER_REASON_MAX);
    *end++ = ' ';
    memcpy(end, request->reason, len);
    end[len] = 0;
    clean(end);
    end += len;
  }
  *end++ = '\n';
  return (size_t)(end - out);
}
