#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <skalibs/fmtscan.h>

#include "queue/queue.h"

/* The digits keep a writer of new/ from other writers' entries: random, never the clock's. */
int queue_name_make(char *name, char const *id) {
  char secret[8];
  ssize_t n;
  do n = getrandom(secret, sizeof secret, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0) return -1;
  memcpy(name, id, CHAIN_ID_SIZE);
  name[CHAIN_ID_SIZE] = '.';
  ucharn_fmt(name + CHAIN_ID_SIZE + 1, secret, sizeof secret);
  name[QUEUE_NAME_SIZE] = 0;
  return 0;
}

bool queue_name_valid(char const *name) {
  if (strlen(name) != QUEUE_NAME_SIZE || name[CHAIN_ID_SIZE] != '.') return false;
  char id[CHAIN_ID_SIZE + 1] = "";
  memcpy(id, name, CHAIN_ID_SIZE);
  return chain_id_valid(id) && strspn(name + CHAIN_ID_SIZE + 1, "0123456789abcdef") == 16;
}
