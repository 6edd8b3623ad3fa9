#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/types.h>

#include "steer/steer.h"

static uint64_t number_of(char const *s) {
  uint64_t number;
  return uint640_scan(s, &number) ? number : 0;
}

static void take_line(steer_known_entry_t *entry, char *line) {
  char const *fields[STEER_FIELDS_MAX] = {NULL};
  size_t const count = steer_fields_split(fields, line);
  *entry = (steer_known_entry_t){.name = fields[0], .state = "", .destination = ""};
  if (count > 1) entry->state = fields[1];
  if (count > 2) entry->due = number_of(fields[2]);
  if (count < 6) return;
  entry->channel = fields[3];
  entry->destination = fields[4];
  entry->text = fields[5];
}

static int by_name(void const *a, void const *b) {
  steer_known_entry_t const *left = a, *right = b;
  return strcmp(left->name, right->name);
}

static size_t count_lines(stralloc const *text) {
  size_t count = 0;
  for (size_t i = 0; i < text->len; i++) count += !text->s[i];
  return count;
}

/* text has lines ended by NULs. */
static int parse(steer_known_t *known) {
  size_t const count = count_lines(&known->text);
  known->entries = calloc(count + 1, sizeof *known->entries);
  if (!known->entries) return -1;
  for (char *line = known->text.s; known->count < count;) {
    char *next = line + strlen(line) + 1;
    take_line(&known->entries[known->count++], line);
    line = next;
  }
  qsort(known->entries, count, sizeof *known->entries, by_name);
  return 0;
}

int steer_known_read(steer_known_t *known, steer_client_t *client, char const *name) {
  steer_request_t const request = {STEER_LIST, name, ""};
  steer_answer_t answer;
  char *line;
  int more = steer_send(client, &request);
  if (more < 0) return -1;
  while ((more = steer_receive(client, &line, &answer)) > 0)
    if (!stralloc_catb(&known->text, line, strlen(line) + 1)) return -1;
  if (more < 0) return -1;
  if (answer != STEER_DONE && answer != STEER_GONE) return errno = EACCES, -1;
  return parse(known);
}

steer_known_entry_t const *steer_known_find(steer_known_t const *known, char const *name) {
  steer_known_entry_t const wanted = {.name = name};
  if (!known->count) return NULL;
  return bsearch(&wanted, known->entries, known->count, sizeof wanted, by_name);
}

void steer_known_free(steer_known_t *known) {
  stralloc_free(&known->text);
  free(known->entries);
  *known = (steer_known_t){0};
}
