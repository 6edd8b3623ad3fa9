/* Whose turn it is among the groups that wait for a worker. */
#include <stdlib.h>

#include "../unit.h"

// NOLINTBEGIN(bugprone-suspicious-include)
#include "../../cmd/queue/queue-send/lane.c"
// NOLINTEND(bugprone-suspicious-include)

bool destination_has_room(destination_t const *destination) {
  return destination->given < 10;
}

/* A worker with a message to few, and one to many, for destinations of their own. */
typedef struct host {
  worker_t worker;
  destination_t *few, *many;
  group_t to_few, to_many;
} host_t;

static destination_t *wait_for(host_t *host, group_t *group) {
  destination_t *destination = calloc(1, sizeof *destination);
  if (!destination) abort();
  destination->worker = &host->worker;
  for (unsigned i = 0; i < QUEUE_PRIORITIES; i++) destination->lanes[i].destination = destination;
  group->count = 1;
  lane_append(&destination->lanes[1], group);
  rota_add(destination);
  return destination;
}

static void open_host(host_t *host) {
  *host = (host_t){.to_many = {.bulk = true}};
  host->few = wait_for(host, &host->to_few);
  host->many = wait_for(host, &host->to_many);
}

static void close_host(host_t *host) {
  free(host->few);
  free(host->many);
}

/* Takes the one whose turn it is, which waits again: there is always more. */
static bool takes_many(host_t *host) {
  lane_t *lane = rota_next(&host->worker.rota, SIZE_MAX);
  bool const many = lane->first->bulk;
  rota_add(lane->destination);
  return many;
}

static void check_turns(void) {
  host_t host;
  open_host(&host);
  bool const first = takes_many(&host);
  CHECK("few and many take turns", takes_many(&host) != first);
  CHECK("again", takes_many(&host) == first);
  close_host(&host);
}

/* One turn for all of them would have each serve the same ones for ever. */
static void check_workers(void) {
  host_t one, other;
  open_host(&one);
  open_host(&other);
  bool const first = takes_many(&one);
  takes_many(&other);
  CHECK("each worker has turns of its own", takes_many(&one) != first);
  close_host(&one);
  close_host(&other);
}

static void check_room(void) {
  host_t host;
  open_host(&host);
  host.to_few.count = host.to_many.count = 5;
  CHECK("more than there is room for", !rota_next(&host.worker.rota, 4));
  host.few->given = host.many->given = 10;
  CHECK("a destination that has enough", !rota_next(&host.worker.rota, 5));
  close_host(&host);
}

int main(void) {
  check_turns();
  check_workers();
  check_room();
  return unit_done();
}
