/* tls-wrap: see tls-wrap(8). With OpenSSL's engine: tls-wrap-openssl(8). */
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "conf/conf.h"
#include "wrap.h"

static char const usage[] =
    " [-uS] [-k keys | -K socket] [-m version] [-M version] [-s suites] [-c file | -C file] "
    "[-t seconds] [-T seconds] program...";

char const *PROG = engine_program;

role_t const role = {.side = ENGINE_SERVER,
                     .peer = "client",
                     .gone = "the client has gone",
                     .cut = "the client's bytes end without close_notify",
                     .slow = "the client does not take what is left"};

/* ---- options --------------------------------------------------------------------------------- */

_Noreturn static void die_usage(int code) {
  strerr_dien(code, 4, PROG, ": usage: ", engine_program, usage);
}

static unsigned int parse_version(char const *s) {
  unsigned int minor;
  if (strncmp(s, "1.", 2) || !uint0_scan(s + 2, &minor) || minor > 3)
    strerr_dief2x(100, "bad version, say 1.2 or 1.3: ", s);
  return 0x0301 + minor;
}

static void want_certificates(settings_t *settings, engine_client_certificate_t wish,
                              char const *file) {
  settings->engine.client_certificate = wish;
  settings->engine.ca_file = file;
}

static void parse_option(settings_t *settings, bool *delayed, int option, char const *s) {
  switch (option) {
  case 'u': *delayed = true; break;
  case 'S': settings->engine.strict_name = true; break;
  case 'k': settings->keys = s; break;
  case 'K': settings->keyd = s; break;
  case 'm': settings->engine.min_version = parse_version(s); break;
  case 'M': settings->engine.max_version = parse_version(s); break;
  case 's': settings->engine.suites = s; break;
  case 'c': want_certificates(settings, CLIENT_CERTIFICATE_WANTED, s); break;
  case 'C': want_certificates(settings, CLIENT_CERTIFICATE_REQUIRED, s); break;
  case 't':
  case 'T': times_option(settings, option, s); break;
  case 'h': die_usage(0);
  default: die_usage(100);
  }
}

/* ---- defaults -------------------------------------------------------------------------------- */

static char const *keyd_socket(void) {
  static char path[4096];
  static char const name[] = "/tls/keyd";
  char const *const run = conf_run();
  size_t const len = strlen(run);
  if (len + sizeof name > sizeof path) strerr_dief1x(100, "CHAINMAIL_RUN is too long");
  memcpy(path, run, len);
  memcpy(path + len, name, sizeof name);
  return path;
}

static void set_defaults(settings_t *settings) {
  times_default(settings);
  if (!settings->keys && !settings->keyd) settings->keyd = keyd_socket();
}

/* ---- main ------------------------------------------------------------------------------------ */

int main(int argc, char const *const *argv) {
  static settings_t settings = {.in = 0, .out = 1};
  bool delayed = false;
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "huSk:K:m:M:s:c:C:t:T:", &options)) != -1;)
    parse_option(&settings, &delayed, option, options.arg);
  argv += options.ind;
  if (!*argv || (settings.keys && settings.keyd)) die_usage(100);
  char const *const problem = engine_check(&settings.engine);
  if (problem) strerr_dief1x(100, problem);
  char const *const wish = getenv("UCSPITLS");
  if (delayed && wish && !strcmp(wish, "-")) front_plain(argv);
  if (!fd_sanitize()) strerr_diefu1sys(111, "open /dev/null");
  set_defaults(&settings);
  if (!delayed) front_immediate(&settings, argv);
  if (!wish) setenv("UCSPITLS", "", 0);
  front_delayed(&settings, argv);
}
