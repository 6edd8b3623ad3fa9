#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include "connection.h"

#define LMTP_PORT 24
#define FULL_MS   60000 /* no further connection is tried where one was refused */

/* ---- the end of it ---- */

/* Why a server cannot be spoken to at all: that says nothing about a recipient. */
static void set_failure(chain_verdict_t *verdict, connection_t const *connection) {
  chain_verdict_t const *const found = relay_verdict(connection->relay);
  char line[CHAIN_VERDICT_SIZE];
  *verdict = *found;
  if (!found->code) return;
  chain_verdict_format(line, found);
  verdict_set(verdict, "4.3.2", "the server refuses the connection", line);
}

/* There is no other connection that could take the server's jobs. */
static bool is_alone(connection_t const *connection) {
  for (EACH_CONNECTION(other))
    if (other != connection && connection_serves(other, connection->server) &&
        connection_is_ready(other))
      return false;
  return true;
}

/* A server that has let us in and refuses another connection means it. */
static void leave_others_alone(connection_t const *connection, uint64_t now) {
  for (EACH_CONNECTION(other))
    if (other != connection && connection_serves(other, connection->server))
      other->alone_till = now + FULL_MS;
}

static void give_up(connection_t *connection, chain_verdict_t const *verdict, uint64_t now) {
  if (is_alone(connection))
    jobs_answer_all(connection->server, verdict);
  else
    leave_others_alone(connection, now);
  connection_close(connection);
}

/* ---- addresses ---- */

/* Tries the next address. False with errno, of the last one: there is none left. */
static bool start_session(connection_t *connection, uint64_t now) {
  relay_settings_t const session = {
      .protocol = RELAY_LMTP, .helo = settings.name, .patience = settings.patience};
  int fd, error = ENOENT;
  while ((fd = relay_dial_next(&connection->dial)) < 0 && errno != ENOENT) error = errno;
  if (fd < 0) return errno = error, false;
  connection->relay = relay_start(&session, fd, now);
  if (!connection->relay) strerr_diefu1sys(111, "begin a session");
  connection->fair = now + settings.opening;
  return true;
}

static char const *error_text(connection_t const *connection, int error) {
  return connection->dial.server.is_unix ? strerror(error) : relay_port_error(error);
}

void opening_dial(connection_t *connection, uint64_t now) {
  chain_verdict_t verdict;
  int const found = relay_dial_step(&connection->dial);
  if (!found || (found > 0 && start_session(connection, now))) return;
  if (found > 0)
    verdict_set(&verdict, "4.4.1", "no connection", error_text(connection, errno));
  else
    verdict_set(&verdict, "4.4.3", "the server's name leads nowhere", strerror(errno));
  give_up(connection, &verdict, now);
}

static void try_next(connection_t *connection, chain_verdict_t const *verdict, uint64_t now) {
  relay_free(connection->relay);
  connection->relay = NULL;
  if (!start_session(connection, now)) give_up(connection, verdict, now);
}

void opening_failed(connection_t *connection, uint64_t now) {
  chain_verdict_t verdict;
  set_failure(&verdict, connection);
  if (relay_stage(connection->relay) < RELAY_STAGE_HELLO)
    try_next(connection, &verdict, now);
  else
    give_up(connection, &verdict, now);
}

void opening_cut_short(connection_t *connection, uint64_t now) {
  chain_verdict_t verdict;
  verdict_set(&verdict, "4.4.1", TOO_SLOW, NULL);
  try_next(connection, &verdict, now);
}

/* ---- the beginning ---- */

void opening_begin(connection_t *connection, char const *server, uint64_t now) {
  relay_server_t parsed;
  chain_verdict_t verdict;
  memset(connection, 0, offsetof(connection_t, jobs));
  connection->phase = OPENING;
  connection->fair = now + settings.opening;
  connection->server = strdup(server);
  if (!connection->server) strerr_diefu1sys(111, "open a connection");
  if (relay_server_parse(&parsed, server, LMTP_PORT) == 0 &&
      relay_dial_start(&connection->dial, &parsed) == 0)
    return;
  if (errno == EINVAL)
    verdict_set(&verdict, "4.3.5", "not a server", server);
  else
    verdict_set(&verdict, "4.3.0", "the server's name cannot be asked for", strerror(errno));
  give_up(connection, &verdict, now);
}
