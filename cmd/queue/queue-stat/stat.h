/* What the files of queue-stat share. */
#ifndef CHAINMAIL_QUEUE_STAT_H
#define CHAINMAIL_QUEUE_STAT_H

#include "../shared/known.h"

/* Ages are counted up to so many seconds, and beyond. */
#define AGES 6
extern char const *const age_words[AGES];

/* The domain of recipients who have something left. */
typedef struct domain {
  char const *name;
  uint64_t recipients;
  uint64_t by_age[AGES];
} domain_t;

typedef struct counts {
  uint64_t held, fresh, deferred, bad; /* messages */
  uint64_t by_age[AGES];
  uint64_t recipients;
  stralloc seen; /* a byte for the age and the domain, ended by NUL, of each of them */
  domain_t *domains;
  size_t domain_count;
} counts_t;

/* ---- count.c ---- */

/* now: seconds since the epoch. */
void count_entry(counts_t *counts, pick_entry_t const *entry, uint64_t now);
/* Makes the domains of what was counted, the largest first. */
void count_domains(counts_t *counts);

/* ---- what queue-send says: answer.c ---- */

typedef struct answer {
  bool running;
  stralloc lines; /* ended by NULs */
} answer_t;

void answer_ask(answer_t *answer, tool_t const *tool);
/* Calls f for each line of this kind that has so many fields; its tabs are gone then. */
typedef void answer_f(void *data, char const *const *fields);
void answer_each(answer_t const *answer, char const *kind, size_t count, answer_f *f, void *data);
uint64_t answer_number(char const *field);

/* ---- text.c, json.c ---- */

/* Shows so many domains. */
void stat_print_text(tool_t *tool, counts_t const *counts, answer_t const *answer, size_t lines);
void stat_print_json(tool_t *tool, counts_t const *counts, answer_t const *answer);

#endif
