#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/fmtscan.h>
#include <skalibs/socket.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "connection.h"
#include "log/log.h"

/* ---- verdicts ---- */

static void write_where(connection_t *connection, mx_address_t const *address) {
  char *end = stpcpy(connection->where, address->host);
  *end++ = '[';
  end += ip46_fmt(end, &address->ip);
  strcpy(end, "]");
}

/* How what ends a session at each stage is told on: the destination's own failures have no reply
   code (lib/worker), and what an administrator can mend is never for good. */
static struct {
  bool may_reject;
  char const *deferred, *rejected;
} const stages[RELAY_STAGES] = {[RELAY_STAGE_CONNECT] = {false, "4.4.1", ""},
                                [RELAY_STAGE_GREETING] = {true, "4.4.1", "5.3.2"},
                                [RELAY_STAGE_HELLO] = {true, "4.4.1", "5.5.0"},
                                [RELAY_STAGE_TLS] = {false, "4.7.5", ""},
                                [RELAY_STAGE_LOGIN] = {false, "4.7.8", ""},
                                [RELAY_STAGE_READY] = {false, "4.4.2", ""}};

static void session_verdict(connection_t const *connection, chain_verdict_t *verdict) {
  relay_stage_t const stage = relay_stage(connection->relay);
  chain_verdict_t const *const said = relay_verdict(connection->relay);
  bool const rejected = stages[stage].may_reject && said->kind == CHAIN_REJECT;
  char code[UINT_FMT];
  *verdict = (chain_verdict_t){.kind = rejected ? CHAIN_REJECT : CHAIN_DEFER};
  strcpy(verdict->enhanced, rejected ? stages[stage].rejected : stages[stage].deferred);
  verdict_add(verdict, connection->where);
  verdict_add(verdict, said->code ? " said: " : ": ");
  if (said->code) {
    code[uint_fmt(code, said->code)] = 0;
    verdict_add(verdict, code);
    verdict_add(verdict, " ");
    verdict_add(verdict, said->enhanced);
    verdict_add(verdict, *said->enhanced ? " " : "");
  }
  verdict_add(verdict, said->text);
}

static void log_trouble(connection_t const *connection, char const *stage,
                        chain_verdict_t const *verdict) {
  log_line_t line;
  log_start(&line, PROG, "trouble");
  log_str(&line, "destination", connection->destination->name);
  log_str(&line, "host", connection->where);
  log_str(&line, "at", stage);
  log_str(&line, "status", verdict->enhanced);
  log_str(&line, "reason", verdict->text);
  log_send(&line);
}

/* ---- addresses ---- */

static bool bind_source(int fd, ip46 const *ip) {
  int const yes = 1, family = ip46_is6(ip) ? 1 : 0;
  if (!settings.has_source[family]) return true;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  return socket_bind46(fd, &settings.sources[family], 0) == 0;
}

/* A socket that is connecting. -1 with errno. */
static int connect_to(ip46 const *ip, uint16_t port) {
  int const yes = 1;
  int const fd = ip46_is6(ip) ? socket_tcp6_nbcoe() : socket_tcp4_nbcoe();
  if (fd < 0) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (bind_source(fd, ip) && (socket_connect46(fd, ip, port) == 0 || errno == EINPROGRESS))
    return fd;
  int const saved = errno;
  close(fd);
  errno = saved;
  return -1;
}

/* Begins a session with the address that was chosen. 0, or -1 and why not. */
static int begin_session(connection_t *connection, uint64_t now, chain_verdict_t *why) {
  destination_t *const destination = connection->destination;
  mx_address_t const *const address = &destination->list.addresses[connection->address];
  write_where(connection, address);
  connection->fair = now + settings.opening;
  if (security_choose(&connection->security, destination, address, why) < 0) return -1;
  if (destination->experience[connection->address].clear)
    connection->security.relay.security = RELAY_PLAIN;
  int const fd = connect_to(&address->ip, destination->place.port);
  if (fd >= 0) connection->relay = relay_start(&connection->security.relay, fd, now);
  if (connection->relay) return 0;
  *why = (chain_verdict_t){.kind = CHAIN_DEFER, .enhanced = "4.4.1"};
  verdict_add(why, connection->where);
  verdict_add(why, ": ");
  verdict_add(why, relay_port_error(errno));
  if (fd >= 0) close(fd);
  return -1;
}

/* The next address to try: the first that did not fail lately, or else the first. */
static bool choose_address(connection_t *connection, uint64_t now) {
  destination_t const *const destination = connection->destination;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < destination->list.count; i++) {
      uint64_t const failed = destination->experience[i].failed;
      if (connection->tried[i] || (pass == 0 && failed && now - failed < AVOIDED_MS)) continue;
      connection->tried[i] = true;
      connection->address = i;
      return true;
    }
  }
  return false;
}

static void note_failure(connection_t *connection, char const *stage,
                         chain_verdict_t const *verdict, uint64_t now) {
  connection->destination->experience[connection->address].failed = now;
  destination_note(connection->destination, verdict);
  log_trouble(connection, stage, verdict);
}

void opening_try(connection_t *connection, uint64_t now) {
  chain_verdict_t why;
  while (choose_address(connection, now)) {
    if (begin_session(connection, now, &why) == 0) return;
    note_failure(connection, relay_stage_name(RELAY_STAGE_CONNECT), &why, now);
  }
  destination_t *const destination = connection->destination;
  destination->opening--;
  connection_free(connection);
  if (destination->connections == destination->quitting)
    destination_fail(destination, &destination->failure);
  else
    destination->full = now;
}

/* ---- how it ends ---- */

/* TLS that cannot be had from a host where it need not be is done without, on a new connection. */
static bool falls_back(connection_t const *connection) {
  return connection->security.level == REMOTE_MAY && !connection->security.relay.login &&
         connection->security.relay.security == RELAY_OPPORTUNISTIC &&
         relay_stage(connection->relay) == RELAY_STAGE_TLS;
}

/* Goes on with the next address, or this one once more. */
static void try_again(connection_t *connection, uint64_t now) {
  relay_free(connection->relay);
  connection->relay = NULL;
  opening_try(connection, now);
}

void opening_cut_short(connection_t *connection, uint64_t now) {
  chain_verdict_t why = {.kind = CHAIN_DEFER, .enhanced = "4.4.1"};
  verdict_add(&why, connection->where);
  verdict_add(&why, ": " TOO_SLOW);
  note_failure(connection, relay_stage_name(relay_stage(connection->relay)), &why, now);
  try_again(connection, now);
}

void opening_failed(connection_t *connection, uint64_t now) {
  chain_verdict_t verdict;
  session_verdict(connection, &verdict);
  if (falls_back(connection)) {
    connection->destination->experience[connection->address].clear = true;
    connection->tried[connection->address] = false;
    log_trouble(connection, relay_stage_name(RELAY_STAGE_TLS), &verdict);
  } else {
    note_failure(connection, relay_stage_name(relay_stage(connection->relay)), &verdict, now);
  }
  try_again(connection, now);
}

void opening_done(connection_t *connection) {
  connection->destination->opening--;
  connection->destination->experience[connection->address].failed = 0;
}
