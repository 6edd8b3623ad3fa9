/* What a chain may, as it is put together from options and profiles. */
#ifndef CONFINE_POLICY_H
#define CONFINE_POLICY_H

#include <sys/resource.h>

#include <skalibs/genalloc.h>

#include "confine/confine.h"

extern char const *PROG;

#define LIMITS 9

/* A resource limit, if it was set. */
typedef struct limit {
  enum { UNSET, BY_PROFILE, BY_OPTION } origin;
  rlim_t number;
} limit_t;

typedef struct ports {
  bool any;
  genalloc all; /* uint16_t */
} ports_t;

typedef struct policy {
  confine_calls_t calls;
  genalloc paths; /* confine_path_t */
  ports_t bind, connect;
  limit_t limits[LIMITS];
  genalloc loaded; /* char const *, the profiles' paths */
} policy_t;

/* All that follow die of what is wrong, in one line: where is the option or the profile, and s what
   stands there. */

/* What a word behind a keyword allows; hooks and other profiles excepted. */
void policy_add(policy_t *policy, confine_word_t keyword, char const *s, char const *where);
void policy_add_path(policy_t *policy, char const *path, unsigned int access);

/* Lays the policy on this process. The parts that this kernel cannot do are logged, or fatal. */
void policy_apply(policy_t const *policy, confine_answer_t answer, bool strict,
                  char const *program);

/* Adds the profiles of all programs among words, of which the first must have one unless a profile
   was added already. */
void profiles_add_words(policy_t *policy, char const *const *words);

/* Adds the profile name, and if it is that of a program, what that needs besides. */
void profiles_add(policy_t *policy, char const *name);

#endif
