#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../../shared/option.h"
#include "chain/chain.h"
#include "confine/confine.h"
#include "sasl-auth.h"

char const *PROG = PROGRAM;

#define USAGE                                                                                      \
  "sasl-auth [-z] [-u users.cdb] [-t program] [-k name] [-x codes] [-f file] "                     \
  "[-F failures,seconds] [-j checkers] [-o name=value] [checker...] sasl-ok"

#define CHECKERS_MAX 10000

options_t options;
conf_t conf;

/* ---- options -------------------------------------------------------------------------------- */

typedef struct limits {
  char const *path; /* of the file that counts failures */
  unsigned int failures, seconds;
} limits_t;

static limits_t limits = {.failures = 20, .seconds = 60};

/* Settings are applied when those of the files were loaded. */
static char const *assignments[CONF_COUNT];
static size_t assignments_count;

static _Noreturn void die_usage(void) {
  strerr_dieusage(100, USAGE);
}

static void take_codes(char const *list) {
  while (*list) {
    unsigned int code;
    size_t const len = uint_scan(list, &code);
    if (!len || code < 1 || code > 255 || options.wrong_codes_count == EXIT_CODES_MAX) die_usage();
    options.wrong_codes[options.wrong_codes_count++] = code;
    list += len;
    if (*list == ',')
      list++;
    else if (*list)
      die_usage();
  }
}

static void take_limits(char const *argument) {
  size_t const len = uint_scan(argument, &limits.failures);
  if (!len || argument[len] != ',' || !uint0_scan(argument + len + 1, &limits.seconds)) die_usage();
  if (!limits.failures || limits.failures > 1000000) die_usage();
  if (!limits.seconds || limits.seconds > 86400) die_usage();
}

static void take_option(int option, char const *argument) {
  switch (option) {
  case 'z': options.foreign_authzid = true; break;
  case 'u': options.users = argument; break;
  case 't': options.token_checker = argument; break;
  case 'k': options.judge = argument; break;
  case 'x': take_codes(argument); break;
  case 'f': limits.path = argument; break;
  case 'F': take_limits(argument); break;
  case 'j': options.checkers = option_number(option, argument, 1, CHECKERS_MAX); break;
  case 'o':
    if (assignments_count == CONF_COUNT) die_usage();
    assignments[assignments_count++] = argument;
    break;
  case 'h': strerr_dieusage(0, USAGE);
  default: die_usage();
  }
}

static bool is_sasl_ok(char const *word) {
  char const *const slash = strrchr(word, '/');
  return !strcmp(slash ? slash + 1 : word, "sasl-ok");
}

/* sasl-ok alone is no checker: it would let everyone in. */
static void take_checker(char const *const *words, int count) {
  if (count < 1 || !is_sasl_ok(words[count - 1])) die_usage();
  if (count == 1) return;
  if (is_sasl_ok(words[0])) strerr_dief1x(100, "sasl-ok is no checker");
  options.checker = words;
}

static void take_options(int argc, char const *const *argv) {
  static char users[PATH_MAX];
  subgetopt state = SUBGETOPT_ZERO;
  take_codes("1");
  for (int option; (option = subgetopt_r(argc, argv, "zu:t:k:x:f:F:j:o:h", &state)) != -1;)
    take_option(option, state.arg);
  take_checker(argv + state.ind, argc - state.ind);
  if (options.checkers && !limits.path) die_usage();
  if (options.users) return;
  if (conf_path(users, sizeof users, "users.cdb") < 0) strerr_diefu1sys(111, "name users.cdb");
  options.users = users;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void load_settings(void) {
  char const *culprit;
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "read the setting ", culprit);
  for (size_t i = 0; i < assignments_count; i++)
    if (conf_assign(&conf, assignments[i]) < 0) strerr_dief2x(100, "bad setting: ", assignments[i]);
}

static void open_throttle(void) {
  if (!limits.path) return;
  if (throttle_open(&options.throttle, limits.path, limits.failures, limits.seconds) < 0)
    strerr_diefu2sys(111, "use ", limits.path);
}

static _Noreturn void serve(void) {
  unsigned int const seconds = (unsigned int)conf.number[CONF_TIMEOUT_SESSION];
  sasl_request_t request;
  facts_read();
  for (;;) {
    if (sasl_request_parse(&request, front_read(seconds)) < 0) {
      front_refuse(SASL_MALFORMED, "no such request");
      strerr_dief1x(100, "the front asks for what is no request");
    }
    attempt_run(&request);
  }
}

int main(int argc, char const *const *argv) {
  take_options(argc, argv);
  if (confine_memory() < 0) strerr_diefu1sys(111, "hide memory");
  signal(SIGPIPE, SIG_IGN);
  load_settings();
  open_throttle();
  chain_call_init();
  serve();
}
