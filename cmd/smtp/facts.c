#include <stdlib.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"

#define USAGE "facts name..."

char const *PROG = "facts";

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "h", &options)) >= 0;)
    strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
  char const *const *names = argv + options.ind;
  if (!*names) strerr_dieusage(100, USAGE);
  for (char const *const *name = names; *name; name++)
    if (!chain_fact_allowed(*name, strlen(*name)))
      strerr_dief2x(100, "not a name that may be handed back: ", *name);
  for (char const *const *name = names; *name; name++) {
    char const *value = getenv(*name);
    if (value && chain_fact(*name, value) < 0) strerr_diefu2sys(111, "hand back ", *name);
  }
  return 0;
}
