#include "attempt.h"

#include <errno.h>
#include <stdlib.h>

#include "destination.h"
#include "entry.h"
#include "group.h"
#include "notice.h"
#include "pool.h"
#include "recipient.h"
#include "report.h"
#include "worker.h"

/* Recipients begun at one time. All that go to one destination are to go together, as far as memory
   allows. */
#define RECIPIENTS_AT_ONCE 1000
#define RECIPIENTS_FEW     50
#define BUSY_DELAY         (60 * SECOND) /* at most, for something that has enough to do */

static attempt_t *attempts;
static size_t running;

size_t attempts_running(void) {
  return running;
}

static void link_attempt(attempt_t *attempt) {
  attempt->next = attempts;
  if (attempts) attempts->previous = attempt;
  attempts = attempt;
  running++;
}

static void unlink_attempt(attempt_t *attempt) {
  if (attempt->next) attempt->next->previous = attempt->previous;
  *(attempt->previous ? &attempt->previous->next : &attempts) = attempt->next;
  running--;
}

static void drop_place(attempt_t *attempt) {
  place_t const *place = attempt->place;
  attempt->place = 0;
  if (place && place->destination) destination_release(place->destination);
}

attempt_t *attempt_of(item_t const *item) {
  attempt_t *attempt = attempts;
  while (attempt && attempt->item != item) attempt = attempt->next;
  return attempt;
}

static void free_attempt(attempt_t *attempt) {
  unlink_attempt(attempt);
  journal_free(attempt);
  drop_place(attempt);
  queue_entry_close(&attempt->entry);
  queue_state_free(&attempt->state);
  free(attempt);
}

/* ---- the end ---- */

static void all_done(attempt_t *attempt) {
  item_t *item = attempt->item;
  bool const dropped = attempt->state.order == QUEUE_DROPPED, logged = attempt->journal.logged;
  journal_discard(attempt);
  free_attempt(attempt);
  if (dropped)
    entry_drop(item);
  else if (logged)
    entry_remove(item);
  else
    entry_remove_unlogged(item);
}

/* The index has the entry again. */
static void wait_until_due(attempt_t *attempt, uint64_t due) {
  item_t *item = attempt->item;
  free_attempt(attempt);
  item->stage = ITEM_OLD;
  item->urge = ITEM_WHEN_DUE;
  index_wait(item, item->unwritten ? time_earlier(due, time_now() + TROUBLE_DELAY) : due);
}

static void something_left(attempt_t *attempt) {
  uint64_t next = attempt_next_try(attempt);
  journal_end(attempt, next);
  wait_until_due(attempt, next);
}

/* Everything is done, but the sender does not know. */
static void not_told(attempt_t *attempt) {
  item_t *item = attempt->item;
  journal_commit(attempt);
  wait_until_due(attempt, time_now() + TROUBLE_DELAY);
  item_force(item);
}

/* ---- waiting for a place ---- */

static bool place_is_down(place_t const *place) {
  return place->destination && destination_is_down(place->destination);
}

static uint64_t place_pause(place_t const *place) {
  return place_is_down(place) ? destination_pause(place->destination) : 0;
}

/* What has enough to do will be free sooner than what is down, and what got something done sooner
   than what may hang. */
static bool is_sooner(place_t const *a, place_t const *b) {
  bool a_down = place_is_down(a);
  if (a_down != place_is_down(b)) return !a_down;
  if (a_down) return destination_pause(a->destination) < destination_pause(b->destination);
  if (a->moved != b->moved) return a->moved > b->moved;
  return worker_patience(a->worker) < worker_patience(b->worker);
}

void attempt_wait_for(attempt_t *attempt, place_t *place) {
  if (attempt->place && !is_sooner(place, attempt->place)) return;
  if (place->destination) destination_hold(place->destination);
  drop_place(attempt);
  attempt->place = place;
}

static void park(item_t *item, place_t *place, uint64_t due) {
  if (place->destination)
    destination_park(place->destination, item, due);
  else
    index_park(item, place, due);
}

/* The log has a word of it only if something was done. */
static void end_waiting(attempt_t *attempt, uint64_t next) {
  if (!attempt->journal.worth && (!attempt->left || attempt->early)) return;
  journal_end(attempt, next);
  attempt->item->stage = ITEM_OLD;
}

static void wait_for_place(attempt_t *attempt) {
  place_t *place = attempt->place;
  item_t *item = attempt->item;
  uint64_t due;
  if (attempt->left) {
    due = attempt_next_try(attempt);
    end_waiting(attempt, due);
    item->urge = ITEM_EARLY;
  } else {
    due = attempt_next_event(attempt);
    end_waiting(attempt, time_now() + place_pause(place));
    item->urge = ITEM_FORCED;
  }
  if (!place_is_down(place)) due = time_earlier(due, time_now() + BUSY_DELAY);
  attempt->place = 0;
  free_attempt(attempt);
  park(item, place, due);
  if (place->destination) destination_release(place->destination);
}

/* ---- orders ---- */

/* What is left is tried, or given up, at once; or, where the log says that it is held, as soon as
   it is let go. */
static void obey(attempt_t *attempt) {
  item_t *item = attempt->item;
  if (attempt->journal.worth) journal_end(attempt, time_now());
  free_attempt(attempt);
  item->stage = ITEM_OLD;
  item_force(item);
  index_ready(item);
}

/* ---- going on ---- */

static size_t recipients_at_once(void) {
  return pool_is_crowded() ? RECIPIENTS_FEW : RECIPIENTS_AT_ONCE;
}

void attempt_leave(attempt_t *attempt, attempt_left_t left) {
  if (attempt->left < left) attempt->left = left;
}

bool attempt_is_bulk(attempt_t const *attempt) {
  return attempt->entry.envelope.count > RECIPIENTS_FEW;
}

static void end(attempt_t *attempt) {
  queue_what_t order = attempt->state.order;
  bool dropped = order == QUEUE_DROPPED; /* and nobody is told */
  bool left = !dropped && (attempt->left || attempt->place);
  if (!dropped && !notice_send(attempt))
    not_told(attempt);
  else if (!left)
    all_done(attempt);
  else if (order == QUEUE_HELD || order == QUEUE_BOUNCED || attempt->left == ATTEMPT_SKIPPED)
    obey(attempt);
  else if (attempt->place)
    wait_for_place(attempt);
  else
    something_left(attempt);
}

/* The others have to wait until there is room for their outcome. */
static void pass_over(attempt_t *attempt) {
  if (!attempt->begun) attempt_leave(attempt, ATTEMPT_DEFERRED);
  attempt->begun = true;
}

/* More are begun when half of the others are done, so that they come together, too. */
static void begin_more(attempt_t *attempt) {
  char const *address = "";
  size_t most = recipients_at_once();
  journal_spill(attempt);
  if (attempt->journal.unwritable) return pass_over(attempt);
  if (attempt->open > most / 2) return;
  while (attempt->open < most) {
    address = queue_envelope_next(&attempt->entry.envelope, &attempt->position);
    if (!address) break;
    recipient_start(attempt, address);
  }
  attempt->begun = !address;
}

void attempt_go_on(attempt_t *attempt) {
  begin_more(attempt);
  if (attempt->begun && !attempt->open)
    end(attempt);
  else
    guests_turn_out(attempt);
}

/* ---- the beginning: each step is false if the item is elsewhere then ---- */

static bool read_log(attempt_t *attempt) {
  item_t *item = attempt->item;
  if (item->stage == ITEM_FRESH) return true;
  if (queue_state_read(&attempt->state, settings.state_fd, item->name) < 0)
    return entry_fail(item, errno), false;
  attempt->journal.logged = attempt->state.text;
  return true;
}

/* What was found by a scan may not be due yet; that is in its log alone. */
static bool may_try(attempt_t *attempt) {
  item_t *item = attempt->item;
  queue_state_t const *state = &attempt->state;
  if (!state->attempts || item->urge >= ITEM_FORCED || attempt_is_due(attempt)) return true;
  attempt->early = item->urge == ITEM_EARLY;
  if (!attempt->early) index_wait(item, state->next);
  return attempt->early;
}

/* What was ordered goes before what is due. */
static bool may_begin(attempt_t *attempt) {
  queue_what_t order = attempt->state.order;
  if (order == QUEUE_DROPPED) return entry_drop(attempt->item), false;
  if (order == QUEUE_HELD) return index_hold(attempt->item), false;
  return order == QUEUE_BOUNCED || may_try(attempt);
}

static bool open_file(attempt_t *attempt) {
  if (entry_open(&attempt->entry, attempt->item) == 0) return true;
  entry_fail(attempt->item, errno);
  return false;
}

/* Its injector may want it held. */
static bool is_unheld(attempt_t *attempt) {
  char const *reason = queue_held(&attempt->entry, &attempt->state);
  if (!reason) return true;
  report_order("held", attempt->item->name, reason);
  queue_entry_close(&attempt->entry);
  index_hold(attempt->item);
  return false;
}

/* Only the entry itself tells how long it is to be held; what is given up is not. */
static bool is_released(attempt_t *attempt) {
  item_t *item = attempt->item;
  queue_terms_t *terms = &attempt->terms;
  queue_terms_read(terms, &attempt->entry);
  item->class = (uint8_t)queue_priority_class(terms->priority);
  if (terms->release <= time_now() || attempt->state.order == QUEUE_BOUNCED) return true;
  if (item->urge < ITEM_FORCED) report_hold(attempt);
  queue_entry_close(&attempt->entry);
  index_wait(item, terms->release);
  return false;
}

void attempt_start(item_t *item) {
  if (item->stage == ITEM_DELIVERED) return entry_remove(item);
  if (!journal_write_kept(item)) return;
  attempt_t *attempt = calloc(1, sizeof *attempt);
  if (!attempt) return entry_fail(item, ENOMEM);
  attempt->item = item;
  if (read_log(attempt) && may_begin(attempt) && open_file(attempt) && is_unheld(attempt) &&
      is_released(attempt)) {
    link_attempt(attempt);
    return attempt_go_on(attempt);
  }
  queue_state_free(&attempt->state);
  free(attempt);
}

void attempts_abandon(void) {
  pool_abandon();
  for (attempt_t *attempt = attempts; attempt; attempt = attempt->next)
    if (attempt->journal.worth == JOURNAL_RESULTS) journal_commit(attempt);
  journal_write_all_kept();
}
