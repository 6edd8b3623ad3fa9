/* smtp-inject: see smtp-inject(8). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../shared/option.h"
#include "shared/inject.h"

#define USAGE                                                                                      \
  "smtp-inject [-c file] [-f sender] [-n name] [-p pin] [-r recipient] [-T security] "             \
  "[-t seconds] [-u file] server"
#define PORT            25
#define PORT_IMPLICIT   465
#define CREDENTIALS_MAX 1024
#define PIN_MAX         TLS_PIN_BYTES

char const *PROG = "smtp-inject";

static injection_t injection = {
    .most = 600, .session = {.protocol = RELAY_SMTP, .security = RELAY_OPPORTUNISTIC}};

/* ---- TLS ---- */

static tls_client_settings_t tls = {.policy = TLS_POLICY_ANY};
static char const *tls_name;
static tls_pin_t pin;

static relay_security_t parse_security(char const *s) {
  static char const *const words[] = {[RELAY_PLAIN] = "none",
                                      [RELAY_OPPORTUNISTIC] = "may",
                                      [RELAY_REQUIRED] = "must",
                                      [RELAY_IMPLICIT] = "implicit"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(s, words[i])) return (relay_security_t)i;
  strerr_dief2x(100, "none, may, must or implicit, not ", s);
}

static void set_pin(char const *s) {
  static unsigned char storage[PIN_MAX];
  if (tls_pin_parse(&pin, s, storage, sizeof storage) < 0) strerr_dief2x(100, "not a pin: ", s);
  tls.policy = TLS_POLICY_PIN;
  tls.pins = &pin;
  tls.pins_count = 1;
}

static void set_authorities(char const *path) {
  tls.anchors = tls_anchors_load(path);
  if (!tls.anchors) strerr_diefu2sys(111, "load authorities from ", path);
  if (tls.policy != TLS_POLICY_PIN) tls.policy = TLS_POLICY_CA;
}

/* Who must be somebody must not be let off with no TLS at all. */
static void settle_tls(void) {
  static relay_server_t server;
  if (relay_server_parse(&server, injection.server, PORT) < 0)
    strerr_dief2x(100, "not a server: ", injection.server);
  if (server.is_unix && tls.policy == TLS_POLICY_CA) strerr_dief1x(100, "-c needs a host");
  if (tls.policy != TLS_POLICY_ANY && injection.session.security < RELAY_REQUIRED)
    injection.session.security = RELAY_REQUIRED;
  tls_name = server.host;
  if (!server.is_unix) {
    tls.names = &tls_name;
    tls.names_count = 1;
  }
  injection.session.tls = tls.policy == TLS_POLICY_ANY ? NULL : &tls;
}

/* ---- the login ---- */

static char credentials[CREDENTIALS_MAX + 1];
static relay_login_t login;

/* A file of two lines, name and password. */
static void read_credentials(char const *path) {
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) strerr_diefu2sys(111, "open ", path);
  errno = 0;
  size_t const len = allread(fd, credentials, CREDENTIALS_MAX);
  if (len < CREDENTIALS_MAX && errno && errno != EPIPE && errno != EINTR)
    strerr_diefu2sys(111, "read ", path);
  close(fd);
  credentials[len] = 0;
  char *const newline = strchr(credentials, '\n');
  if (!newline) strerr_dief2x(111, path, " needs two lines, name and password");
  *newline = 0;
  newline[1 + strcspn(newline + 1, "\r\n")] = 0;
  credentials[strcspn(credentials, "\r")] = 0;
  login.name = credentials;
  login.password = newline + 1;
  injection.session.login = &login;
}

/* ---- */

static void take_option(int option, char const *s) {
  switch (option) {
  case 'c': set_authorities(s); break;
  case 'f': injection.sender = s; break;
  case 'n': injection.name = s; break;
  case 'p': set_pin(s); break;
  case 'r': injection.recipient = s; break;
  case 'T': injection.session.security = parse_security(s); break;
  case 't': injection.most = option_number(option, s, 1, INJECT_SECONDS_MAX); break;
  case 'u': read_credentials(s); break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

int main(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "c:f:hn:p:r:T:t:u:", &options)) != -1;)
    take_option(option, options.arg);
  if (options.ind != argc - 1) strerr_dieusage(100, USAGE);
  injection.server = argv[options.ind];
  settle_tls();
  injection.port = injection.session.security == RELAY_IMPLICIT ? PORT_IMPLICIT : PORT;
  inject(&injection);
}
