/* tls-keyd: see tls-keyd(8). */
#include "tls-keyd.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../../shared/option.h"
#include "../shared/service.h"
#include "conf/conf.h"

#define USAGE                                                                                      \
  "tls-keyd [-U] [-u uid,...] [-w processes] [-c connections] [-i seconds] [-s sessions] "         \
  "[-l seconds] [-m mode] [-n fd] [address [folder]]"

#define BACKLOG 1024

char const *PROG = "tls-keyd";

static settings_t settings = {
    .connections = 500,
    .idle = 60,
    .sessions = 4096,
    .lifetime = 3600,
    .mode = (mode_t)-1,
    .ready_fd = -1,
    .address = "",
    .folder = "",
};

/* ---- options --------------------------------------------------------------------------------- */

static void parse_uids(char const *s) {
  size_t const len = gid_scanlist(settings.uids, PEERS_MAX, s, &settings.peers);
  if (s[len] || !settings.peers) strerr_dief2x(100, "-u needs numbers, 16 at most: ", s);
}

static void parse_option(int option, char const *s) {
  switch (option) {
  case 'U': settings.drop_root = true; break;
  case 'u': parse_uids(s); break;
  case 'w': settings.processes = option_number(option, s, 1, 64); break;
  case 'c': settings.connections = option_number(option, s, 1, 10000); break;
  case 'i': settings.idle = option_number(option, s, 1, 86400); break;
  case 's': settings.sessions = option_number(option, s, 0, 1000000); break;
  case 'l': settings.lifetime = option_number(option, s, 1, 604800); break;
  case 'm': settings.mode = option_mode(option, s); break;
  case 'n': settings.ready_fd = (int)option_number(option, s, 3, 65535); break;
  case 'h': strerr_dieusage(0, USAGE);
  default: strerr_dieusage(100, USAGE);
  }
}

static unsigned int processors(void) {
  cpu_set_t set;
  int const count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return count > 64 ? 64 : (unsigned int)count;
}

static char const *default_address(void) {
  static char address[sizeof((struct sockaddr_un *)0)->sun_path + 5];
  int const len = snprintf(address, sizeof address, "unix:%s/tls/keyd", conf_run());
  if (len < 0 || (size_t)len >= sizeof address) strerr_dief1x(100, "CHAINMAIL_RUN is too long");
  return address;
}

static char const *default_folder(void) {
  static char folder[4096];
  if (conf_path(folder, sizeof folder, "tls") < 0) strerr_diefu1sys(111, "find tls");
  return folder;
}

static void parse_arguments(int argc, char const *const *argv) {
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "hUu:w:c:i:s:l:m:n:", &options)) != -1;)
    parse_option(option, options.arg);
  argv += options.ind;
  settings.address = *argv ? *argv++ : default_address();
  settings.folder = *argv ? *argv++ : default_folder();
  if (*argv) strerr_dieusage(100, USAGE);
  if (!settings.processes) settings.processes = processors();
}

static void read_settings(void) {
  static conf_t conf;
  char const *culprit;
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "read the setting ", culprit);
  settings.me = conf.text[CONF_ME];
}

/* ---- the socket ------------------------------------------------------------------------------ */

static void take_over(net_listener_t *listener, int fd) {
  if (net_listen_fd(listener, SOCK_SEQPACKET, fd) == 0 && listener->local.is_unix) return;
  strerr_dief1x(100, "no unix socket of type SOCK_SEQPACKET that listens");
}

static void take_systemds(net_listener_t *listener) {
  if (net_systemd_fds() != 1)
    strerr_dief1x(100, "systemd has not left one socket to this process (LISTEN_FDS)");
  take_over(listener, 3);
}

static void listen_at(net_listener_t *listener, char const *address) {
  unsigned int fd;
  if (!strcmp(address, "systemd")) {
    take_systemds(listener);
  } else if (!strncmp(address, "fd:", 3)) {
    if (!uint0_scan(address + 3, &fd) || fd > 65535)
      strerr_dief2x(100, "not a descriptor: ", address);
    take_over(listener, (int)fd);
  } else if (!strncmp(address, "unix:", 5)) {
    if (net_listen_unix(listener, SOCK_SEQPACKET, address + 5, settings.mode, BACKLOG) < 0)
      strerr_diefu2sys(111, "listen on ", address);
  } else {
    strerr_dief2x(100, "neither unix:path, fd:number nor systemd: ", address);
  }
}

/* ---- main ------------------------------------------------------------------------------------ */

/* Where it may not, keys alone are locked. */
static void raise_locked_memory(void) {
  struct rlimit const all = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &all);
}

static void make_sessions(service_t *service) {
  if (!settings.sessions) return;
  service->sessions = keyd_sessions_new(settings.peers, settings.sessions, settings.lifetime);
  if (!service->sessions) strerr_diefu1sys(111, "get memory for sessions");
}

int main(int argc, char const *const *argv) {
  static service_t service = {.settings = &settings};
  parse_arguments(argc, argv);
  if (!fd_sanitize()) strerr_diefu1sys(111, "open /dev/null");
  listen_at(&service.listener, settings.address);
  raise_locked_memory();
  if (settings.drop_root) service_drop_root();
  read_settings();
  if (!settings.peers) settings.uids[settings.peers++] = geteuid();
  make_sessions(&service);
  return supervise(&service);
}
