/* confine: see confine(8). */
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"
#include "policy.h"

#define USAGE                                                                                      \
  "confine [-s] [-a kill|errno|log] [-p profile,...] [-r path] [-w path] [-m path] [-x path] "     \
  "[-b port,...] [-c port,...] [-l limit=number] program..."

char const *PROG = "confine";

static policy_t policy;
static confine_answer_t answer = CONFINE_KILL;
static bool strict;

static void parse_answer(char const *s) {
  static char const *const names[] = {
      [CONFINE_KILL] = "kill", [CONFINE_ERRNO] = "errno", [CONFINE_LOG] = "log"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(names[i], s)) continue;
    answer = (confine_answer_t)i;
    return;
  }
  strerr_dief2x(100, "-a is kill, errno or log, not ", s);
}

static void add_profile(char const *name) {
  profiles_add(&policy, name);
}
static void add_bound_port(char const *port) {
  policy_add(&policy, CONFINE_PROFILE_BIND, port, "-b");
}
static void add_remote_port(char const *port) {
  policy_add(&policy, CONFINE_PROFILE_CONNECT, port, "-c");
}

/* What stands between commas. */
static void each(char const *s, void (*add)(char const *item)) {
  char item[256];
  while (*s) {
    size_t const len = strcspn(s, ",");
    if (len >= sizeof item) strerr_dief2x(100, "too long: ", s);
    memcpy(item, s, len);
    item[len] = 0;
    add(item);
    s += len + (s[len] == ',');
  }
}

static void parse_option(int option, char const *s) {
  switch (option) {
  case 'a': parse_answer(s); break;
  case 'b': each(s, add_bound_port); break;
  case 'c': each(s, add_remote_port); break;
  case 'l': policy_add(&policy, CONFINE_PROFILE_LIMIT, s, "-l"); break;
  case 'm': policy_add(&policy, CONFINE_PROFILE_MAKE, s, "-m"); break;
  case 'p': each(s, add_profile); break;
  case 'r': policy_add(&policy, CONFINE_PROFILE_READ, s, "-r"); break;
  case 's': strict = true; break;
  case 'w': policy_add(&policy, CONFINE_PROFILE_WRITE, s, "-w"); break;
  case 'x': policy_add(&policy, CONFINE_PROFILE_EXEC, s, "-x"); break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "hsa:b:c:l:m:p:r:w:x:", &options)) != -1;)
    parse_option(option, options.arg);
  argv += options.ind;
  if (!*argv) strerr_dieusage(100, USAGE);
  profiles_add_words(&policy, argv);
  policy_apply(&policy, answer, strict, *argv);
  chain_next(argv);
}
