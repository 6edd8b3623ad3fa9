#include <stdlib.h>
#include <string.h>

#include "connection.h"

connection_t connections[CONNECTIONS_MAX];

/* ---- one ---- */

bool connection_serves(connection_t const *connection, char const *server) {
  return connection->server && !strcmp(connection->server, server);
}

bool connection_is_ready(connection_t const *connection) {
  return connection->relay && relay_stage(connection->relay) == RELAY_STAGE_READY;
}

void connection_close(connection_t *connection) {
  relay_dial_end(&connection->dial);
  relay_free(connection->relay);
  free(connection->server);
  connection->server = NULL;
  connection->relay = NULL;
}

static void quit(connection_t *connection, uint64_t now) {
  connection->phase = QUITTING;
  relay_quit(connection->relay, now);
}

static void rest(connection_t *connection, uint64_t now) {
  connection->phase = IDLE;
  connection->idle_end = now + settings.idle;
}

/* ---- steps: each takes a session that is RELAY_READY or RELAY_ENDED ---- */

static void opening_step(connection_t *connection, relay_state_t state, uint64_t now) {
  if (state == RELAY_ENDED)
    opening_failed(connection, now);
  else
    rest(connection, now);
}

static void idle_step(connection_t *connection, relay_state_t state, uint64_t now) {
  if (state == RELAY_ENDED)
    connection_close(connection);
  else if (now >= connection->idle_end)
    quit(connection, now);
}

static void delivering_step(connection_t *connection, relay_state_t state, uint64_t now) {
  transaction_finish(connection, state, now);
  if (state == RELAY_ENDED)
    connection_close(connection);
  else
    rest(connection, now);
}

static void (*const steps[PHASES])(connection_t *, relay_state_t,
                                   uint64_t) = {[OPENING] = opening_step,
                                                [IDLE] = idle_step,
                                                [DELIVERING] = delivering_step,
                                                [QUITTING] = idle_step};

void connection_step(connection_t *connection, uint64_t now) {
  if (!connection->relay) {
    opening_dial(connection, now);
    return;
  }
  relay_state_t const state = relay_step(connection->relay, now);
  if (state != RELAY_BUSY)
    steps[connection->phase](connection, state, now);
  else
    transaction_answer(connection, now);
}

static uint64_t passed; /* the time of the last pass over all of them */

void connections_step(struct pollfd const *fds, uint64_t now) {
  passed = now;
  for (EACH_CONNECTION(connection)) {
    if (!connection->server) continue;
    if (connection->dial.resolver)
      dns_step(connection->dial.resolver, fds + connection->poll_at, connection->poll_count);
    connection_step(connection, now);
  }
}

bool connections_are_busy(void) {
  for (EACH_CONNECTION(connection))
    if (connection->server && connection->count) return true;
  return false;
}

/* ---- jobs to connections ---- */

static connection_t *find_idle(char const *server) {
  for (EACH_CONNECTION(connection))
    if (connection_serves(connection, server) && connection->phase == IDLE) return connection;
  return NULL;
}

/* One at a time is being opened; one that quits makes room. */
static bool may_open(char const *server, uint64_t now) {
  size_t open = 0;
  for (EACH_CONNECTION(connection)) {
    if (!connection_serves(connection, server) || connection->phase == QUITTING) continue;
    if (!connection_is_ready(connection) || now < connection->alone_till) return false;
    open++;
  }
  return open < settings.per_server;
}

/* How well it would be replaced by a new one to this server; 0: it delivers. One to the same server
   counts as long as it is there. */
static unsigned suits(connection_t const *connection, char const *server) {
  if (!connection->server) return 2;
  if (connection->phase == QUITTING) return connection_serves(connection, server) ? 3 : 1;
  return connection->phase == IDLE;
}

/* A place for a new one, whose answer to QUIT is not waited for. NULL: all deliver. */
static connection_t *find_place(char const *server, uint64_t now) {
  connection_t *place = connections;
  for (EACH_CONNECTION(connection))
    if (suits(connection, server) > suits(place, server)) place = connection;
  if (!suits(place, server)) return NULL;
  if (!place->server) return place;
  relay_quit(place->relay, now);
  relay_step(place->relay, now);
  connection_close(place);
  return place;
}

static bool starved; /* a job has no connection, since all are in use */

/* True if the list of jobs has changed. */
static bool serve(job_t const *job, uint64_t now) {
  connection_t *connection = find_idle(job->server);
  if (!connection && !may_open(job->server, now)) return false;
  if (!mailbox_has_room(job)) return false;
  if (connection) {
    transaction_start(connection, job, now);
    return true;
  }
  connection = find_place(job->server, now);
  if (!connection) return starved = true, false;
  opening_begin(connection, job->server, now);
  return !connection->server;
}

static void give_jobs(uint64_t now) {
  starved = false;
  for (job_t const *job = jobs; job;) job = serve(job, now) ? jobs : job->next;
}

void connections_dispatch(uint64_t now) {
  mailboxes_refuse(now);
  do give_jobs(now);
  while (patience_cut(starved, now));
}

/* ---- waiting ---- */

static uint64_t earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* A connection that has yet to begin is due at once. */
static uint64_t wait_for_name(connection_t *connection, struct pollfd *fds, size_t at,
                              uint64_t now) {
  int ms = 0;
  connection->poll_at = at;
  connection->poll_count = 0;
  if (connection->dial.resolver)
    connection->poll_count = dns_wait(connection->dial.resolver, fds + at, &ms);
  return ms < 0 ? UINT64_MAX : now + (uint64_t)ms;
}

size_t connections_wait(struct pollfd *fds, uint64_t *deadline, uint64_t now) {
  size_t count = 0;
  for (EACH_CONNECTION(connection)) {
    if (!connection->server) continue;
    uint64_t due = patience_end(connection, passed);
    if (connection->relay) {
      due = earlier(due, relay_wait(connection->relay, &fds[count++]));
      if (connection->phase == IDLE) due = earlier(due, connection->idle_end);
    } else {
      due = earlier(due, wait_for_name(connection, fds, count, now));
      count += connection->poll_count;
    }
    *deadline = earlier(*deadline, due);
  }
  return count;
}
