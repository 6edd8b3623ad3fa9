#include <string.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "stat.h"

void answer_ask(answer_t *answer, tool_t const *tool) {
  steer_client_t client;
  steer_request_t const request = {STEER_STAT, "", ""};
  steer_answer_t last;
  char *line;
  if (!known_connect(&client, tool)) return;
  int more = steer_send(&client, &request);
  while (more >= 0 && (more = steer_receive(&client, &line, &last)) > 0)
    if (!stralloc_catb(&answer->lines, line, strlen(line) + 1)) strerr_diefu1sys(111, "allocate");
  if (more < 0) strerr_warnwu1sys("speak to queue-send");
  answer->running = !more && last == STEER_DONE;
  steer_close(&client);
}

void answer_each(answer_t const *answer, char const *kind, size_t count, answer_f *f, void *data) {
  for (char *s = answer->lines.s, *next; s && s < answer->lines.s + answer->lines.len; s = next) {
    char const *fields[STEER_FIELDS_MAX];
    size_t const len = strlen(kind);
    next = s + strlen(s) + 1;
    if (strncmp(s, kind, len) != 0 || s[len] != '\t') continue;
    if (steer_fields_split(fields, s) >= count) f(data, fields);
  }
}

uint64_t answer_number(char const *field) {
  uint64_t number;
  return uint640_scan(field, &number) ? number : 0;
}
