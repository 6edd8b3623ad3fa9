#include "tcp-accept.h"

#include <time.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../../shared/option.h"
#include "../shared/service.h"

#define USAGE                                                                                      \
  "tcp-accept [-U] [-c sessions] [-C sessions] [-N bits,bits] [-b backlog] [-x rules] "            \
  "[-P protocol] [-B text] [-D text] [-m mode] [-n fd] [-t seconds] address[,...] [port[,...]] "   \
  "program..."

#define SESSIONS_MAX 100000

char const *PROG = "tcp-accept";

static settings_t settings = {
    .sessions_max = 100,
    .from_max = 0, /* as many as there are in all */
    .prefix_bits = {32, 64},
    .backlog = 1024,
    .grace = 60,
    .mode = (mode_t)-1,
    .ready_fd = -1,
};

uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* ---- options --------------------------------------------------------------------------------- */

/* "32,64". */
static void parse_bits(char const *s) {
  size_t const len = uint_scan(s, &settings.prefix_bits[0]);
  if (!len || s[len] != ',' || !uint0_scan(s + len + 1, &settings.prefix_bits[1]) ||
      settings.prefix_bits[0] > 32 || settings.prefix_bits[1] > 128)
    strerr_dief2x(100, "-N needs bits of IPv4 and IPv6, as in 32,64: ", s);
}

static char const *parse_text(char const *s) {
  if (!net_refusal_valid(s)) strerr_dief1x(100, "a text must be one printable line, not too long");
  return s;
}

static void parse_option(int option, char const *s) {
  switch (option) {
  case 'b': settings.backlog = option_number(option, s, 1, 65535); break;
  case 'c': settings.sessions_max = option_number(option, s, 1, SESSIONS_MAX); break;
  case 'C': settings.from_max = option_number(option, s, 1, SESSIONS_MAX); break;
  case 'n': settings.ready_fd = (int)option_number(option, s, 3, 65535); break;
  case 't': settings.grace = option_number(option, s, 0, 86400); break;
  case 'm': settings.mode = option_mode(option, s); break;
  case 'N': parse_bits(s); break;
  case 'x': settings.rules_path = s; break;
  case 'P': settings.protocol = s; break;
  case 'B': settings.busy = parse_text(s); break;
  case 'D': settings.denied = parse_text(s); break;
  case 'U': settings.drop_root = true; break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

static void parse_arguments(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "hUb:c:C:n:t:m:N:x:P:B:D:", &options)) != -1;)
    parse_option(option, options.arg);
  argv += options.ind;
  if (!(settings.addresses = *argv++)) strerr_dieusage(100, USAGE);
  if (listeners_need_ports(settings.addresses) && !(settings.ports = *argv++))
    strerr_dieusage(100, USAGE);
  if (!*argv) strerr_dieusage(100, USAGE);
  settings.next = argv;
  if (!settings.from_max || settings.from_max > settings.sessions_max)
    settings.from_max = settings.sessions_max;
}

/* ---- main ------------------------------------------------------------------------------------ */

int main(int argc, char const *const *argv) {
  static server_t server;
  static listeners_t listeners;
  parse_arguments(argc, argv);
  if (!fd_sanitize()) strerr_diefu1sys(111, "open /dev/null");
  int const signals = service_signals();
  listeners_open(&listeners, &settings);
  if (settings.drop_root) service_drop_root();
  server_init(&server, &settings);
  service_ready(settings.ready_fd);
  serve(&server, &listeners, signals);
  return 0;
}
