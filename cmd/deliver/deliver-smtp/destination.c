#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <skalibs/strerr.h>

#include "deliver-smtp.h"
#include "log/log.h"

#define FRESH_MS       300000 /* then the hosts are looked for again, once there is no connection */
#define REMEMBERED_MAX 256    /* destinations without work */

destination_t *destinations;

static size_t resolvers;
static dns_settings_t const dns_settings = {.query_ms = 3000, .tries = 3, .total_ms = 45000};

/* ---- the list ---- */

static destination_t *destination_find(char const *name) {
  destination_t *destination = destinations;
  while (destination && strcasecmp(destination->name, name) != 0) destination = destination->next;
  return destination;
}

static void append(destination_t *destination) {
  destination_t **at = &destinations;
  while (*at) at = &(*at)->next;
  *at = destination;
  destination->next = NULL;
}

static destination_t *destination_new(char const *name) {
  mx_destination_t place;
  if (mx_destination_parse(&place, name, settings.port) < 0) return NULL;
  destination_t *const destination = calloc(1, sizeof *destination + strlen(name) + 1);
  if (!destination) return NULL;
  destination->place = place;
  strcpy(destination->name, name);
  destination->tables = tables_use();
  append(destination);
  return destination;
}

static bool has_work(destination_t const *destination) {
  return destination->first || destination->connections;
}

/* One that was only remembered goes by the tables of now, which may ask for other safety. */
static destination_t *resume(destination_t *destination) {
  if (has_work(destination)) return destination;
  tables_release(destination->tables);
  destination->tables = tables_use();
  for (size_t i = 0; i < MX_ADDRESSES_MAX; i++) destination->experience[i].clear = false;
  return destination;
}

destination_t *destination_of(char const *name) {
  destination_t *const known = destination_find(name);
  return known ? resume(known) : destination_new(name);
}

/* Some of its addresses have failed lately, and others serve: the next message need not wait for
   them. Where all fail, the DNS is asked again. */
static bool is_remembered(destination_t const *destination, uint64_t now) {
  size_t const count = destination->list.count;
  size_t failed = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t const at = destination->experience[i].failed;
    failed += at && now - at < AVOIDED_MS;
  }
  return destination->state == DESTINATION_FOUND && failed && failed < count;
}

void destinations_sweep(uint64_t now) {
  size_t remembered = 0;
  for (destination_t **at = &destinations; *at;) {
    destination_t *const destination = *at;
    bool const kept = has_work(destination);
    if (kept || (remembered < REMEMBERED_MAX && is_remembered(destination, now))) {
      remembered += !kept;
      at = &destination->next;
      continue;
    }
    *at = destination->next;
    tables_release(destination->tables);
    free(destination);
  }
}

bool destinations_starve(void) {
  for (destination_t const *d = destinations; d; d = d->next)
    if (d->first && d->state == DESTINATION_FOUND && d->connections == d->quitting) return true;
  return false;
}

/* ---- deliveries that wait ---- */

static void push(destination_t *destination, delivery_t *delivery) {
  if (destination->last)
    destination->last->next = delivery;
  else
    destination->first = delivery;
  destination->last = delivery;
  destination->waiting++;
}

static void pop(destination_t *destination) {
  delivery_t *const delivery = destination->first;
  destination->first = delivery->next;
  if (!destination->first) destination->last = NULL;
  delivery->next = NULL;
  destination->waiting--;
}

void destination_return(destination_t *destination, delivery_t *delivery) {
  delivery->next = destination->first;
  destination->first = delivery;
  if (!destination->last) destination->last = delivery;
  destination->waiting++;
}

int destination_add(destination_t *destination, message_t *message, job_t *job) {
  delivery_t *delivery = destination->first;
  while (delivery && (delivery->message != message || delivery->count >= settings.recipients))
    delivery = delivery->next;
  if (!delivery) {
    delivery = delivery_new(message);
    if (!delivery) return -1;
    push(destination, delivery);
  }
  delivery_add(delivery, job);
  return 0;
}

/* The first jobs of the first delivery, in one of their own. */
static delivery_t *split(destination_t *destination, size_t limit) {
  delivery_t *const part = delivery_new(destination->first->message);
  if (!part) return NULL;
  while (part->count < limit) delivery_add(part, delivery_shift(destination->first));
  return part;
}

delivery_t *destination_take(destination_t *destination, size_t limit) {
  delivery_t *const delivery = destination->first;
  if (!delivery) return NULL;
  if (delivery->count > limit) return split(destination, limit);
  pop(destination);
  return delivery;
}

void destination_fail(destination_t *destination, chain_verdict_t const *verdict) {
  while (destination->first) {
    delivery_t *const delivery = destination->first;
    pop(destination);
    delivery_fail(delivery, verdict);
  }
}

void destination_note(destination_t *destination, chain_verdict_t const *verdict) {
  chain_verdict_t *const failure = &destination->failure;
  if (destination->has_failure && failure->kind == CHAIN_DEFER && verdict->kind == CHAIN_REJECT)
    return;
  *failure = *verdict;
  destination->has_failure = true;
}

/* ---- its hosts ---- */

static void log_failure(destination_t const *destination, chain_verdict_t const *verdict) {
  log_line_t line;
  log_start(&line, PROG, "no-host");
  log_str(&line, "destination", destination->name);
  log_str(&line, "status", verdict->enhanced);
  log_str(&line, "reason", verdict->text);
  log_send(&line);
}

static chain_verdict_t const no_resolver = {CHAIN_DEFER, 0, "4.3.0", "unable to ask the DNS"};

static void find_begin(destination_t *destination) {
  if (resolvers == RESOLVERS_MAX) return;
  destination->resolver = dns_open(&dns_settings);
  if (!destination->resolver) {
    destination_fail(destination, &no_resolver);
    return;
  }
  resolvers++;
  destination->seed = 0;
  (void)!getrandom(&destination->seed, sizeof destination->seed, 0);
  destination->state = DESTINATION_FINDING;
}

static void find_end(destination_t *destination, destination_state_t state, uint64_t now) {
  dns_close(destination->resolver);
  resolvers--;
  destination->resolver = NULL;
  destination->poll_count = 0;
  destination->state = state;
  destination->found = now;
}

static void find_go_on(destination_t *destination, uint64_t now) {
  char const *const names[] = {settings.helo};
  mx_self_t const self = {1, names,
                          destination->place.port == SMTP_PORT ? settings.networks : NULL};
  chain_verdict_t verdict;
  switch (mx_find(&destination->list, &destination->place, &self, destination->resolver,
                  destination->seed, &verdict)) {
  case MX_BUSY: return;
  case MX_FOUND:
    memset(destination->experience, 0, sizeof destination->experience);
    find_end(destination, DESTINATION_FOUND, now);
    return;
  case MX_FAILED:
    find_end(destination, DESTINATION_NEW, now);
    log_failure(destination, &verdict);
    destination_fail(destination, &verdict);
    return;
  }
}

/* ---- steps ---- */

/* What waits goes over the connections that there are: hosts that have let us in, and refuse
   another connection, mean it. */
static bool is_full(destination_t const *destination, size_t open, uint64_t now) {
  return open && destination->full && now - destination->full < FULL_MS;
}

static bool wants_connection(destination_t const *destination, uint64_t now) {
  size_t const open = destination->connections - destination->quitting;
  return destination->waiting > destination->opening && open < settings.per_destination &&
         !is_full(destination, open, now);
}

static void open_connections(destination_t *destination, uint64_t now) {
  if (!destination->connections && now - destination->found > FRESH_MS) {
    destination->state = DESTINATION_NEW;
    return;
  }
  while (wants_connection(destination, now)) {
    if (connection_adopt(destination, now)) continue;
    if (!connection_room()) return;
    connection_open(destination, now);
  }
}

static void step(destination_t *destination, uint64_t now) {
  if (!destination->first && destination->state != DESTINATION_FINDING) return;
  if (destination->state == DESTINATION_FOUND) connections_feed(destination, now);
  if (destination->state == DESTINATION_FOUND) open_connections(destination, now);
  if (destination->state == DESTINATION_NEW) find_begin(destination);
  if (destination->state != DESTINATION_FINDING) return;
  if (destination->poll_count)
    dns_step(destination->resolver, destination->poll, destination->poll_count);
  find_go_on(destination, now);
  if (destination->state == DESTINATION_FOUND) open_connections(destination, now);
}

/* Each pass begins one destination further: none is always the first to get a connection. */
static void rotate(void) {
  destination_t *const first = destinations;
  if (!first || !first->next) return;
  destinations = first->next;
  append(first);
}

void destinations_step(uint64_t now) {
  rotate();
  for (destination_t *d = destinations; d; d = d->next) step(d, now);
}

static bool waits_for_resolver(destination_t const *destination) {
  return destination->first && destination->state == DESTINATION_NEW;
}

/* What ended in the last step may have had the resolver that one waits for whose turn was before.
 */
size_t destinations_wait(struct pollfd *polls, uint64_t now, uint64_t *deadline) {
  size_t count = 0;
  for (destination_t *d = destinations; d; d = d->next) {
    int ms;
    if (waits_for_resolver(d) && resolvers < RESOLVERS_MAX) *deadline = now;
    if (d->state != DESTINATION_FINDING) continue;
    d->poll = polls + count;
    d->poll_count = dns_wait(d->resolver, d->poll, &ms);
    count += d->poll_count;
    if (ms >= 0 && now + (uint64_t)ms < *deadline) *deadline = now + (uint64_t)ms;
  }
  return count;
}
