/* deliver-smtp: see deliver-smtp(8). */

#include "deliver-smtp.h"

#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "../shared/descriptors.h"
#include "conf/conf.h"
#include "confine/confine.h"
#include "net/net.h"

char const *PROG = "deliver-smtp";

#define USAGE                                                                                      \
  "deliver-smtp [-H name] [-b address]... [-p port] [-o networks] [-P policies] [-L logins] "      \
  "[-A authorities] [-c connections] [-C connections] [-i seconds] [-m messages] "                 \
  "[-r recipients] [-t what=seconds]..."
#define AUTHORITIES     "/etc/ssl/certs/ca-certificates.crt"
#define CONNECTIONS_MAX 1000
#define POLLS_MAX       (1 + RESOLVERS_MAX * DNS_SOCKETS_MAX + CONNECTIONS_MAX)

settings_t settings = {.port = SMTP_PORT,
                       .anchors = AUTHORITIES,
                       .per_destination = 10,
                       .in_all = 100,
                       .idle = 10000,
                       .opening = 20000,
                       .messages = 100,
                       .recipients = 100};

static struct pollfd polls[POLLS_MAX];

/* ---- the loop ---- */

/* Polls until something is to be done; jobs are waited for if there is room for more. */
static void wait_for_events(bool more) {
  uint64_t const now = relay_now();
  uint64_t deadline = now + INT_MAX;
  size_t count = 1;
  polls[0] = (struct pollfd){more && jobs_count < JOBS_MAX ? 0 : -1, POLLIN, 0};
  count += destinations_wait(polls + count, now, &deadline);
  count += connections_wait(polls + count, now, &deadline);
  int const ms = deadline > now ? (int)(deadline - now) : 0;
  if (poll(polls, count, ms) < 0 && errno != EINTR) strerr_diefu1sys(111, "poll");
}

/* Results go out before anything is waited for. After the end of the jobs, what is in hand is still
   delivered. */
static void serve(void) {
  bool more = true;
  while (more || jobs_count || connections_count) {
    if (more) more = jobs_take();
    destinations_step(relay_now());
    if (!more && !jobs_count) connections_quit(relay_now());
    destinations_sweep(relay_now());
    jobs_flush();
    if (!more && !jobs_count && !connections_count) break;
    wait_for_events(more);
    connections_step(relay_now());
  }
}

/* ---- our own addresses ---- */

static void add_network(stralloc *list, struct sockaddr const *address) {
  char text[IP6_FMT];
  ip46 ip;
  if (address->sa_family == AF_INET)
    ip46_from_ip4(&ip,
                  (char const *)&((struct sockaddr_in const *)(void const *)address)->sin_addr);
  else if (address->sa_family == AF_INET6)
    ip46_from_ip6(&ip,
                  (char const *)&((struct sockaddr_in6 const *)(void const *)address)->sin6_addr);
  else
    return;
  size_t const len = ip46_fmt(text, &ip);
  if (!stralloc_catb(list, ",", 1) || !stralloc_catb(list, text, len))
    strerr_diefu1sys(111, "list our addresses");
}

/* 0.0.0.0 and :: are ways to say this host, too. */
static char const *find_networks(void) {
  struct ifaddrs *all;
  stralloc list = STRALLOC_ZERO;
  if (!stralloc_cats(&list, "127.0.0.0/8,0.0.0.0,::1,::") || getifaddrs(&all) < 0)
    strerr_diefu1sys(111, "list our addresses");
  for (struct ifaddrs const *at = all; at; at = at->ifa_next)
    if (at->ifa_addr) add_network(&list, at->ifa_addr);
  freeifaddrs(all);
  if (!stralloc_0(&list)) strerr_diefu1sys(111, "list our addresses");
  return list.s;
}

/* ---- set-up ---- */

static void add_source(char const *s) {
  ip46 ip;
  if (net_address_parse(&ip, s) < 0) strerr_dief2x(100, "not an address: ", s);
  settings.sources[ip46_is6(&ip) ? 1 : 0] = ip;
  settings.has_source[ip46_is6(&ip) ? 1 : 0] = true;
}

static void set_networks(char const *s) {
  ip46 any;
  ip46_from_ip4(&any, "\0\0\0");
  if (net_list_contains(s, &any) < 0) strerr_dief2x(100, "not a list of networks: ", s);
  settings.networks = s;
}

static void set_patience(char const *s) {
  static char const *const names[RELAY_PATIENCES] = {
      [RELAY_CONNECT] = "connect",     [RELAY_GREETING] = "greeting", [RELAY_HELLO] = "hello",
      [RELAY_HANDSHAKE] = "handshake", [RELAY_LOGIN] = "login",       [RELAY_MAIL] = "mail",
      [RELAY_RCPT] = "rcpt",           [RELAY_DATA] = "data",         [RELAY_BLOCK] = "block",
      [RELAY_FINAL] = "final",         [RELAY_QUIT] = "quit"};
  size_t const len = strcspn(s, "=");
  if (!strncmp(s, "opening=", 8)) {
    settings.opening = option_number('t', s + 8, 1, 3600) * 1000;
    return;
  }
  for (size_t i = 0; i < RELAY_PATIENCES; i++) {
    if (strncmp(s, names[i], len) != 0 || names[i][len] || !s[len]) continue;
    settings.patience[i] = option_number('t', s + len + 1, 1, 3600);
    return;
  }
  strerr_dief2x(100, "not a step and its seconds: ", s);
}

static void parse_options(int argc, char const *const *argv) {
  memcpy(settings.patience, relay_patience, sizeof settings.patience);
  for (int option;
       (option = sgetopt_r(argc, argv, "H:b:p:o:P:L:A:c:C:i:m:r:t:h", &subgetopt_here)) != -1;) {
    char const *const arg = subgetopt_here.arg;
    switch (option) {
    case 'H': settings.helo = arg; break;
    case 'b': add_source(arg); break;
    case 'p': settings.port = (uint16_t)option_number(option, arg, 1, UINT16_MAX); break;
    case 'o': set_networks(arg); break;
    case 'P': settings.policies = arg; break;
    case 'L': settings.logins = arg; break;
    case 'A': settings.anchors = arg; break;
    case 'c': settings.per_destination = option_number(option, arg, 1, CONNECTIONS_MAX); break;
    case 'C': settings.in_all = option_number(option, arg, 1, CONNECTIONS_MAX); break;
    case 'i': settings.idle = option_number(option, arg, 1, 3600) * 1000; break;
    case 'm': settings.messages = option_number(option, arg, 1, 1000000); break;
    case 'r': settings.recipients = option_number(option, arg, 1, 1000); break;
    case 't': set_patience(arg); break;
    case 'h': strerr_dieusage(0, USAGE);
    default: strerr_dieusage(100, USAGE);
    }
  }
  if (subgetopt_here.ind != argc) strerr_dieusage(100, USAGE);
}

static char const *in_conf(char const *name) {
  char path[PATH_MAX];
  char const *copy = conf_path(path, sizeof path, name) < 0 ? NULL : strdup(path);
  if (!copy) strerr_diefu2sys(111, "name the file ", name);
  return copy;
}

/* What no option has set. */
static void fill_settings(void) {
  static conf_t conf;
  char const *culprit;
  if (!settings.helo) {
    if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "read the setting ", culprit);
    settings.helo = conf.text[CONF_ME];
  }
  if (!settings.helo || !*settings.helo) strerr_dief1x(100, "our name is not known: set me, or -H");
  if (!settings.networks) settings.networks = find_networks();
  if (!settings.policies) settings.policies = in_conf("tls-policies");
  if (!settings.logins) settings.logins = in_conf("logins");
}

/* A descriptor for each job, connection and question, and for jobs that have just come. */
static void allow_descriptors(void) {
  descriptors_allow(JOBS_MAX + settings.in_all + RESOLVERS_MAX * 4 + 2 * WORKER_BATCH_MAX + 16);
}

int main(int argc, char const *const *argv) {
  parse_options(argc, argv);
  fill_settings();
  allow_descriptors();
  if (confine_reader() < 0) strerr_diefu1sys(111, "give up privileges");
  signal(SIGPIPE, SIG_IGN);
  tables_init();
  serve();
  return 0;
}
