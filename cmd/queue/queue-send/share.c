#include "share.h"

#include "attempt.h"
#include "index.h"
#include "worker.h"

static size_t attempts_max;

void share_limit(size_t attempts) {
  attempts_max = attempts;
}

bool share_is_left(void) {
  return attempts_running() < attempts_max;
}

/* A worker may have as many open attempts as are left: then one that hangs has half of them, two
   have a third each, and there are always some for the others. */
static size_t share(void) {
  size_t running = attempts_running();
  return running < attempts_max ? attempts_max - running : 1;
}

/* What comes only now leaves room for what was parked; what is urgent goes before both. */
static size_t share_for(worker_t const *worker, item_t const *item) {
  size_t most = share();
  if (!item->class) return 2 * most;
  bool gives_way = !item->called && worker->place.count;
  return gives_way ? (most + 1) / 2 : most;
}

bool share_is_used_up(worker_t const *worker, attempt_t const *attempt) {
  return worker->attempts >= share_for(worker, attempt->item) &&
         !attempt->groups_at[worker->number];
}

void share_take(worker_t *worker, attempt_t *attempt) {
  attempt->firm++;
  if (!attempt->groups_at[worker->number]++) worker->attempts++;
}

void share_give_back(worker_t *worker, attempt_t *attempt) {
  attempt->firm--;
  if (!--attempt->groups_at[worker->number]) worker->attempts--;
}

/* No more than there is room for: the others would only be parked again. */
void share_call_parked(worker_t *worker) {
  for (size_t i = worker->attempts; i < (share() + 1) / 2 && index_unpark(&worker->place);) i++;
}
