/* facts: NAME=value strings that hooks hand back and links read. */
#ifndef SMTP_FRONT_FACTS_H
#define SMTP_FRONT_FACTS_H

#include <stddef.h>

#define FACTS_BYTES 32768 /* that a session, or a transaction, may gather from all its hooks */

typedef struct facts {
  size_t len;
  char *bytes; /* FACTS_BYTES of room: NAME=value\0NAME=value\0 */
} facts_t;

/* Sets NAME=value in place of an older one. -1 with ENOSPC. */
int facts_set(facts_t *facts, char const *fact);
int facts_set_value(facts_t *facts, char const *name, char const *value);
void facts_unset(facts_t *facts, char const *name);
char const *facts_get(facts_t const *facts, char const *name);
/* Steps through them: the next fact, or NULL; *position is 0 at first. */
char const *facts_next(facts_t const *facts, size_t *position);

/* s, or NULL if it says nothing. */
char const *unless_empty(char const *s);

#endif
