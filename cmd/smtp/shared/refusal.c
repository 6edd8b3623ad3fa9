#include "refusal.h"

#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

/* Parses word, which is either a reply code or an enhanced code and nothing besides; else it dies.
 */
static void refusal_parse(chain_verdict_t *verdict, chain_kind_t kind, char const *word,
                          char const *usage) {
  chain_verdict_parse(verdict, kind, word, strlen(word));
  if (!verdict->code == !*verdict->enhanced || *verdict->text) strerr_dieusage(100, usage);
}

static unsigned int refusal_code(chain_kind_t kind, char const *word, char const *usage) {
  chain_verdict_t verdict;
  refusal_parse(&verdict, kind, word, usage);
  if (!verdict.code) strerr_dieusage(100, usage);
  return verdict.code;
}

_Noreturn void refusal_end(int argc, char const *const *argv, chain_kind_t kind,
                           char const *usage) {
  subgetopt options = SUBGETOPT_ZERO;
  unsigned int code = 0;
  for (int option; (option = subgetopt_r(argc, argv, "hc:", &options)) >= 0;) switch (option) {
    case 'c': code = refusal_code(kind, options.arg, usage); break;
    case 'h': strerr_dieusage(0, usage);
    default: strerr_dieusage(100, usage);
    }
  argc -= options.ind;
  argv += options.ind;
  if (argc < 1 || argc > 2) strerr_dieusage(100, usage);
  chain_verdict_t words = {.enhanced = ""};
  if (argc == 2) refusal_parse(&words, kind, argv[0], usage);
  if (words.code) strerr_dieusage(100, usage);
  chain_end(kind, code, words.enhanced, argv[argc - 1]);
}
