/* Dovecot's half of its auth protocol: whatever a line is, what is kept of it is inside of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dovecot/dovecot.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void check_text(char const *line, size_t len, char const *text) {
  if (text && (text < line || text + strlen(text) > line + len)) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char *const line = malloc(size + 1);
  dovecot_reply_t reply;
  if (!line) abort();
  memcpy(line, data, size);
  line[size] = '\n';
  dovecot_answer_t const answer = dovecot_line_parse(&reply, line, size);
  if (answer == DOVECOT_RIGHT && (!reply.user || !*reply.user)) abort();
  check_text(line, size, reply.user);
  check_text(line, size, reply.reason);
  free(line);
  return 0;
}
