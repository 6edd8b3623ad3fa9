/* Starts tests/dns/_server.py for a unit test. */
#ifndef TESTS_DNS_SERVER_H
#define TESTS_DNS_SERVER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct server {
  char address[64]; /* for dns_settings_t.servers */
  char log[64];     /* the questions that came */
  char zones[64];
  pid_t pid;
  FILE *output;
} server_t;

static inline _Noreturn void server_die(char const *step) {
  perror(step);
  exit(111);
}

/* zones: lines as _server.py reads them. */
static inline void server_start(server_t *server, char const *zones) {
  char command[512];
  int port, pid;
  snprintf(server->log, sizeof server->log, "/tmp/dns-log.XXXXXX");
  snprintf(server->zones, sizeof server->zones, "/tmp/dns-zones.XXXXXX");
  int log = mkstemp(server->log), fd = mkstemp(server->zones);
  if (log < 0 || fd < 0 || dprintf(fd, "%s", zones) < 0) server_die("write zones");
  close(log);
  close(fd);
  snprintf(command, sizeof command, "exec python3 tests/dns/_server.py -l %s %s", server->log,
           server->zones);
  server->output = popen(command, "r");
  if (!server->output || fscanf(server->output, "%d %d", &port, &pid) != 2)
    server_die("start _server.py");
  server->pid = (pid_t)pid;
  snprintf(server->address, sizeof server->address, "127.0.0.1:%d", port);
}

static inline void server_stop(server_t *server) {
  kill(server->pid, SIGKILL);
  pclose(server->output);
  unlink(server->log);
  unlink(server->zones);
}

#endif
