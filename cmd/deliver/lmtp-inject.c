/* lmtp-inject: see lmtp-inject(8). */
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../shared/option.h"
#include "shared/inject.h"

#define USAGE "lmtp-inject [-f sender] [-n name] [-r recipient] [-t seconds] server"
#define PORT  24

char const *PROG = "lmtp-inject";

int main(int argc, char const *const *argv) {
  static injection_t injection = {.port = PORT, .most = 600, .session.protocol = RELAY_LMTP};
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "f:hn:r:t:", &options)) != -1;)
    switch (option) {
    case 'f': injection.sender = options.arg; break;
    case 'n': injection.name = options.arg; break;
    case 'r': injection.recipient = options.arg; break;
    case 't': injection.most = option_number(option, options.arg, 1, INJECT_SECONDS_MAX); break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  if (options.ind != argc - 1) strerr_dieusage(100, USAGE);
  injection.server = argv[options.ind];
  inject(&injection);
}
