/* tls-connect: see tls-connect(8). */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "../tls-wrap/wrap.h"
#include "conf/conf.h"
#include "connect.h"

#define USAGE                                                                                      \
  "tls-connect [-auw] [-6 fd] [-7 fd] [-c file] [-K socket] [-k file] [-m version] [-n name ...] " \
  "[-p pin ...] [-T seconds] [-t seconds] program..."

#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

char const *PROG = engine_program;
role_t const role = {.side = ENGINE_CLIENT,
                     .peer = "server",
                     .gone = "the server has gone",
                     .cut = "the server's bytes end without close_notify",
                     .slow = "the server does not take what is left"};

connect_settings_t connect_settings;

/* ---- options --------------------------------------------------------------------------------- */

static uint16_t parse_version(char const *s) {
  static char const *const versions[] = {"1.0", "1.1", "1.2"};
  for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
    if (!strcmp(s, versions[i])) return (uint16_t)(0x0301 + i);
  strerr_dief2x(100, "bad version, say 1.0, 1.1 or 1.2: ", s);
}

static void add_name(char const *s) {
  unsigned char address[16];
  tls_client_settings_t *const client = &connect_settings.client;
  if (!tls_name_valid(s, strlen(s)) && inet_pton(AF_INET6, s, address) != 1)
    strerr_dief2x(100, "neither a name nor an address: ", s);
  if (client->names_count == TLS_NAMES_MAX) strerr_dief1x(100, "too many names");
  connect_settings.names[client->names_count++] = s;
}

static void add_pin(char const *s) {
  tls_client_settings_t *const client = &connect_settings.client;
  size_t const size = strlen(s) + 1, i = client->pins_count;
  unsigned char *const storage = malloc(size);
  if (i == TLS_PINS_MAX) strerr_dief1x(100, "too many pins");
  if (!storage) strerr_diefu1sys(111, "allocate");
  if (tls_pin_parse(&connect_settings.pins[i], s, storage, size) < 0)
    strerr_dief2x(100, "not a pin: ", s);
  connect_settings.pin_texts[i] = s;
  client->pins_count++;
}

static void parse_option(settings_t *settings, bool *delayed, int option, char const *s) {
  tls_client_settings_t *const client = &connect_settings.client;
  switch (option) {
  case '6': settings->in = (int)option_number(option, s, 0, 65535); break;
  case '7': settings->out = (int)option_number(option, s, 0, 65535); break;
  case 'a': client->policy = TLS_POLICY_ANY; break;
  case 'c': connect_settings.authorities = s; break;
  case 'K': settings->keyd = s; break;
  case 'k': settings->keys = s; break;
  case 'm': client->min_version = parse_version(s); break;
  case 'n': add_name(s); break;
  case 'p': add_pin(s); break;
  case 't':
  case 'T': times_option(settings, option, s); break;
  case 'u': *delayed = true; break;
  case 'w': client->weak_suites = true; break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

/* ---- what goes without saying ---------------------------------------------------------------- */

/* Only a pin of the server's own certificate or key does without a name. */
static bool needs_name(tls_client_settings_t const *client) {
  for (size_t i = 0; i < client->pins_count; i++)
    if (client->pins[i].usage == 3) return false;
  return true;
}

static void set_policy(tls_client_settings_t *client) {
  if (client->policy == TLS_POLICY_ANY) return;
  if (!client->names_count && needs_name(client))
    strerr_dief1x(100, "who is the server? -n, -p or -a");
  client->policy = client->pins_count ? TLS_POLICY_PIN : TLS_POLICY_CA;
  if (client->policy == TLS_POLICY_PIN) return;
  if (!connect_settings.authorities) connect_settings.authorities = AUTHORITIES;
}

/* A handshake's records are written one by one: they must not wait for each other's arrival. */
static void prepare_connection(settings_t const *settings) {
  int const on = 1;
  if (fcntl(settings->in, F_GETFD) < 0 || fcntl(settings->out, F_GETFD) < 0)
    strerr_dief1x(111, "there is no connection on fd 6 and 7, or those of -6 and -7");
  setsockopt(settings->out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* if it is TCP */
}

static void set_defaults(settings_t *settings) {
  connect_settings.client.names = connect_settings.names;
  connect_settings.client.pins = connect_settings.pins;
  set_policy(&connect_settings.client);
  connect_settings.has_certificate = settings->keys || settings->keyd;
  times_default(settings);
}

int main(int argc, char const *const *argv) {
  static settings_t settings = {.in = 6, .out = 7};
  bool delayed = false;
  subgetopt options = SUBGETOPT_ZERO;
  connect_settings.client.policy = TLS_POLICY_CA;
  for (int option; (option = subgetopt_r(argc, argv, "6:7:ac:hK:k:m:n:p:T:t:uw", &options)) != -1;)
    parse_option(&settings, &delayed, option, options.arg);
  argv += options.ind;
  if (!*argv || (settings.keys && settings.keyd)) strerr_dieusage(100, USAGE);
  set_defaults(&settings);
  prepare_connection(&settings);
  if (!fd_sanitize()) strerr_diefu1sys(111, "open /dev/null");
  if (delayed) front_delayed(&settings, argv);
  front_immediate(&settings, argv);
}
