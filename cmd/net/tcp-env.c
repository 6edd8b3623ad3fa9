/* tcp-env: see tcp-env(8). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/exec.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "net/net.h"

#define USAGE "tcp-env program..."

char const *PROG = "tcp-env";

static bool is_socket(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* systemd's Accept=yes hands the connection over as fd 3, as fd 0 and 1 too only if asked. */
static void take_from_systemd(void) {
  int const count = net_systemd_fds();
  if (count < 0) strerr_diefu1sys(100, "understand LISTEN_PID and LISTEN_FDS");
  if (!count) return;
  if (count > 1) strerr_dief1x(100, "systemd has left more than one socket: is this Accept=yes?");
  if (!is_socket(0) && (dup2(3, 0) < 0 || dup2(3, 1) < 0)) strerr_diefu1sys(111, "take over fd 3");
  close(3);
}

/* Under inetd fd 2 is the client too, and no place for a log. */
static void keep_log_from_client(void) {
  struct stat client, log;
  if (fstat(0, &client) < 0 || fstat(2, &log) < 0) return;
  if (client.st_dev != log.st_dev || client.st_ino != log.st_ino) return;
  int const null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, 2) < 0) _exit(111);
  close(null);
}

static void change(char const *name, char const *value) {
  if (!env_mexec(name, value)) strerr_diefu1sys(111, "change the environment");
}

static void clear_facts(void) {
  char name[256];
  for (char const *const *variable = (char const *const *)environ; *variable; variable++) {
    size_t const len = strcspn(*variable, "=");
    if (!net_facts_own(*variable) || len >= sizeof name) continue;
    memcpy(name, *variable, len);
    name[len] = 0;
    change(name, NULL);
  }
}

static void set_facts(net_connection_t const *connection) {
  net_facts_t facts;
  net_facts_make(&facts, connection);
  for (size_t i = 0; i < facts.count; i++) {
    char *const name = facts.text + (facts.strings[i] - facts.text);
    char *const equals = strchr(name, '=');
    *equals = 0;
    change(name, equals + 1);
  }
}

int main(int argc, char const *const *argv) {
  net_connection_t connection;
  subgetopt options = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "h", &options)) != -1;)
    strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
  argv += options.ind;
  if (!*argv) strerr_dieusage(100, USAGE);
  take_from_systemd();
  keep_log_from_client();
  if (net_connection_inspect(&connection, 0) < 0)
    strerr_diefu1sys(111, "find out who is at the other end of fd 0");
  chain_id_make(connection.id);
  clear_facts();
  set_facts(&connection);
  chain_next(argv);
}
