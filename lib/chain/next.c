#include <skalibs/exec.h>
#include <skalibs/strerr.h>

#include "chain/chain.h"

_Noreturn void chain_next(char const *const *argv) {
  if (!argv[0]) strerr_dief1x(100, "no next program on the command line");
  xmexec(argv);
}
