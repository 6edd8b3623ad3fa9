#include "connection.h"

#include <stdlib.h>
#include <string.h>

#include "../shared/fair.h"

connection_t *connections;
size_t connections_count;

void verdict_add(chain_verdict_t *verdict, char const *s) {
  size_t const len = strlen(verdict->text), room = CHAIN_TEXT_MAX - len, n = strnlen(s, room);
  memcpy(verdict->text + len, s, n);
  verdict->text[len + n] = 0;
}

/* ---- the end of one ---- */

void connection_free(connection_t *connection) {
  connection_t **at = &connections;
  while (*at != connection) at = &(*at)->next;
  *at = connection->next;
  connections_count--;
  connection->destination->connections--;
  if (connection->phase == QUITTING) connection->destination->quitting--;
  relay_free(connection->relay);
  free(connection->recipients);
  free(connection);
}

void connection_quit(connection_t *connection, uint64_t now) {
  connection->phase = QUITTING;
  connection->destination->quitting++;
  relay_quit(connection->relay, now);
}

/* ---- the beginning ---- */

void connection_open(destination_t *destination, uint64_t now) {
  connection_t *const connection = calloc(1, sizeof *connection);
  if (!connection) {
    destination_fail(destination, &no_memory);
    return;
  }
  connection->destination = destination;
  connection->next = connections;
  connections = connection;
  connections_count++;
  if (destination->connections == destination->quitting) destination->has_failure = false;
  destination->connections++;
  destination->opening++;
  opening_try(connection, now);
}

bool connection_room(void) {
  if (connections_count < settings.in_all) return true;
  for (connection_t *connection = connections; connection; connection = connection->next) {
    if (connection->phase != IDLE && connection->phase != QUITTING) continue;
    relay_quit(connection->relay, relay_now()); /* the answer is not waited for */
    relay_step(connection->relay, relay_now());
    connection_free(connection);
    return true;
  }
  return false;
}

/* ---- steps: each takes a session that is RELAY_READY or RELAY_ENDED. False: leave it ---- */

static bool opening_step(connection_t *connection, relay_state_t state, uint64_t now) {
  if (state == RELAY_ENDED) {
    opening_failed(connection, now);
    return false;
  }
  opening_done(connection);
  transaction_next(connection, now);
  return connection->phase != IDLE;
}

static bool idle_step(connection_t *connection, relay_state_t state, uint64_t now) {
  (void)now;
  if (state == RELAY_ENDED) connection_free(connection);
  return false;
}

static bool delivering_step(connection_t *connection, relay_state_t state, uint64_t now) {
  transaction_finish(connection, state);
  if (state == RELAY_ENDED) return idle_step(connection, state, now);
  transaction_next(connection, now);
  return connection->phase != IDLE;
}

static bool (*const steps[PHASES])(connection_t *, relay_state_t,
                                   uint64_t) = {[OPENING] = opening_step,
                                                [IDLE] = idle_step,
                                                [DELIVERING] = delivering_step,
                                                [QUITTING] = idle_step};

static void step(connection_t *connection, uint64_t now) {
  relay_state_t state;
  do {
    state = relay_step(connection->relay, now);
  } while (state != RELAY_BUSY && steps[connection->phase](connection, state, now));
}

void connections_feed(destination_t *destination, uint64_t now) {
  for (connection_t *connection = connections, *next; connection; connection = next) {
    next = connection->next;
    if (!destination->first) return;
    if (connection->destination != destination || connection->phase != IDLE) continue;
    transaction_next(connection, now);
    if (connection->phase != IDLE) step(connection, now);
  }
}

/* ---- connections of others: two domains may have the same host ---- */

/* Where destination would find the host that connection leads to, if that is one of those that it
   prefers, and in the same way safe; else list.count. */
static size_t find_host(destination_t const *destination, connection_t const *connection) {
  destination_t const *const owner = connection->destination;
  mx_address_t const *const host = &owner->list.addresses[connection->address];
  mx_list_t const *const list = &destination->list;
  security_t security;
  chain_verdict_t why;
  if (owner == destination || owner->place.port != destination->place.port) return list->count;
  for (size_t i = 0; i < list->equal; i++) {
    if (destination->experience[i].failed || !mx_address_is_same(&list->addresses[i], host))
      continue;
    if (security_choose(&security, destination, &list->addresses[i], &why) == 0 &&
        security_fits(&security, &connection->security))
      return i;
  }
  return list->count;
}

/* What its security points to is destination's from now on. */
static void move(connection_t *connection, destination_t *destination, size_t address) {
  chain_verdict_t why;
  connection->destination->connections--;
  connection->destination = destination;
  connection->address = address;
  destination->connections++;
  security_choose(&connection->security, destination, &destination->list.addresses[address], &why);
}

bool connection_adopt(destination_t *destination, uint64_t now) {
  for (connection_t *connection = connections; connection; connection = connection->next) {
    if (connection->phase != IDLE || connection->destination->first) continue;
    size_t const address = find_host(destination, connection);
    if (address == destination->list.count) continue;
    move(connection, destination, address);
    transaction_next(connection, now);
    if (connection->phase != IDLE) step(connection, now);
    return true;
  }
  return false;
}

/* ---- slow hosts: they may have half of all connections for as long as they like ---- */

/* When others need not wait for it any longer; UINT64_MAX: they do not. */
static uint64_t slow_from(connection_t const *connection) {
  if (connection->phase != OPENING && connection->phase != DELIVERING) return UINT64_MAX;
  return connection->fair +
         (relay_awaits_end(connection->relay) ? FAIR_END_TIMES * settings.opening : 0);
}

/* The one that has been slow for the longest time, if there are too many; else NULL. */
static connection_t *find_surplus(uint64_t now) {
  connection_t *slowest = NULL;
  size_t count = 0;
  for (connection_t *connection = connections; connection; connection = connection->next) {
    if (slow_from(connection) > now) continue;
    count++;
    if (!slowest || slow_from(connection) < slow_from(slowest)) slowest = connection;
  }
  return count > 1 && count > settings.in_all / 2 ? slowest : NULL;
}

/* Its transaction ends, or its opening, and that begins anew with another address. */
static void cut_one(connection_t *connection, uint64_t now) {
  if (connection->phase == OPENING) {
    opening_cut_short(connection, now);
    return;
  }
  connection->delivery->repeated = true; /* the host is slow, the connection not stale */
  relay_give_up(connection->relay, TOO_SLOW);
  step(connection, now);
}

static void cut_short(uint64_t now) {
  for (connection_t *connection; (connection = find_surplus(now));) cut_one(connection, now);
}

/* ---- the loop's ---- */

static uint64_t earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* Those that became slow since the last step are cut short by one that follows at once. */
size_t connections_wait(struct pollfd *polls, uint64_t now, uint64_t *deadline) {
  size_t count = 0;
  if (find_surplus(now)) *deadline = now;
  for (connection_t *connection = connections; connection; connection = connection->next) {
    connection->poll = polls + count++;
    connection->due = relay_wait(connection->relay, connection->poll);
    if (connection->phase == IDLE) connection->due = earlier(connection->due, connection->idle_end);
    uint64_t const slow = slow_from(connection);
    *deadline = earlier(*deadline, connection->due);
    if (slow > now) *deadline = earlier(*deadline, slow);
  }
  return count;
}

static void pass_time(connection_t *connection, uint64_t now) {
  bool const due = connection->due <= now;
  if (connection->phase == IDLE && connection->idle_end <= now) connection_quit(connection, now);
  if (due || connection->poll->revents) step(connection, now);
}

/* A step ends no connection but its own. */
void connections_step(uint64_t now) {
  for (connection_t *connection = connections, *next; connection; connection = next) {
    next = connection->next;
    if (connection->poll) pass_time(connection, now);
  }
  cut_short(now);
}

void connections_quit(uint64_t now) {
  for (connection_t *connection = connections, *next; connection; connection = next) {
    next = connection->next;
    if (connection->phase != IDLE) continue;
    connection_quit(connection, now);
    step(connection, now);
  }
}
