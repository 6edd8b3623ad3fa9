/* What a program for administrators takes for queue-send's replies: whoever serves the queue's
   control socket may say anything. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steer/steer.h"

#define INPUT_MAX 65536 /* what a socket takes at once */

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

static void check(steer_known_t const *known) {
  for (size_t i = 0; i < known->count; i++) {
    steer_known_entry_t const *entry = &known->entries[i];
    steer_known_entry_t const *found = steer_known_find(known, entry->name);
    if (!found || strcmp(found->name, entry->name) != 0) __builtin_trap();
    if (!entry->state || !entry->destination) __builtin_trap();
  }
}

/* Returns the other end: a request may be sent to it. */
static int open_client(steer_client_t *client, unsigned char const *data, size_t size) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) abort();
  if (send(ends[0], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) abort();
  shutdown(ends[0], SHUT_WR);
  *client = (steer_client_t){.fd = ends[1]};
  return ends[0];
}

static void read_known(steer_client_t *client) {
  steer_known_t known = {0};
  if (steer_known_read(&known, client, "") == 0) check(&known);
  steer_known_free(&known);
}

static void read_lines(steer_client_t *client) {
  char const *fields[STEER_FIELDS_MAX];
  steer_answer_t answer;
  char *line;
  int more;
  while ((more = steer_receive(client, &line, &answer)) > 0)
    if (!steer_fields_split(fields, line)) __builtin_trap();
  if (!more && answer >= STEER_ANSWERS) __builtin_trap();
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  static void (*const readers[])(steer_client_t *) = {read_known, read_lines};
  steer_client_t client;
  if (!size || size > INPUT_MAX) return 0;
  for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
    int const other = open_client(&client, data, size);
    readers[i](&client);
    steer_close(&client);
    close(other);
  }
  return 0;
}
