#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/random.h>

#include "send.h"

#define RECORDS_KEPT  65536         /* bytes in memory; more are written as they come */
#define TROUBLE_DELAY (60 * SECOND) /* after a failure that is the queue's own */
#define BUSY_DELAY    (60 * SECOND) /* at most, for something that has enough to do */

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

/* What could not be written goes with the entry, which is not tried again before that is done: it
   would be delivered once more to all those who have got it. */
static void keep_unwritten(attempt_t *attempt) {
  if (!attempt->records.len) return;
  stralloc *kept = malloc(sizeof *kept);
  if (!kept) return;
  *kept = attempt->records;
  attempt->records = (stralloc)STRALLOC_ZERO;
  attempt->item->unwritten = kept;
}

static void free_attempt(attempt_t *attempt) {
  unlink_attempt(attempt);
  keep_unwritten(attempt);
  drop_place(attempt);
  queue_entry_close(&attempt->entry);
  queue_state_free(&attempt->state);
  stralloc_free(&attempt->records);
  free(attempt);
}

/* ---- the log ---- */

void attempt_record(attempt_t *attempt, queue_record_t const *record) {
  char line[QUEUE_RECORD_MAX];
  size_t len = queue_record_format(line, record);
  attempt->recorded = true;
  attempt->worth_a_sync |= record->what != 't' && record->what != 'r';
  if (stralloc_catb(&attempt->records, line, len)) return;
  attempt->lost = true;
  report_entry("record-lost", attempt->item->name, ENOMEM);
}

/* torn: the log may end amid a line */
static int append(item_t const *item, stralloc const *records, bool torn, bool sync) {
  int fd = openat(settings.state_fd, item->name,
                  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (fd < 0) return -1;
  bool ended = !torn || allwrite(fd, "\n", 1) == 1;
  int result = ended && allwrite(fd, records->s, records->len) == records->len ? 0 : -1;
  if (result == 0 && sync) result = fd_sync(fd);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

/* A record that is lost costs a delivery done twice, so only what was achieved is synced. */
static void write_records(attempt_t *attempt, bool sync) {
  if (!attempt->records.len) return;
  attempt->logged = true;
  attempt->unwritable = append(attempt->item, &attempt->records, attempt->state.torn,
                               sync && attempt->worth_a_sync) < 0;
  attempt->state.torn = attempt->unwritable;
  if (attempt->unwritable)
    report_entry("record-failed", attempt->item->name, errno);
  else
    attempt->records.len = 0;
}

/* Of the attempt before. False: it has to wait. */
static bool write_kept(item_t *item) {
  if (!item->unwritten) return true;
  if (append(item, item->unwritten, true, true) < 0) {
    report_entry("record-failed", item->name, errno);
    index_wait(item, time_now() + TROUBLE_DELAY);
    return false;
  }
  stralloc_free(item->unwritten);
  free(item->unwritten);
  item->unwritten = 0;
  return true;
}

int attempt_reread(attempt_t *attempt) {
  queue_state_t state;
  write_records(attempt, false);
  if (attempt->unwritable || attempt->lost ||
      queue_state_read(&state, settings.state_fd, attempt->item->name) < 0)
    return -1;
  queue_state_free(&attempt->state);
  attempt->state = state;
  return 0;
}

/* ---- the end ---- */

static uint64_t earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static void forget(item_t *item, bool logged) {
  if (logged) unlinkat(settings.state_fd, item->name, 0);
  index_forget(item);
}

/* An entry that stays would be delivered again, so it is remembered as delivered. */
static void remove_entry(item_t *item, bool logged) {
  if (unlinkat(settings.new_fd, item->name, 0) == 0 || errno == ENOENT) return forget(item, logged);
  report_entry("remove-failed", item->name, errno);
  item->delivered = true;
  index_wait(item, time_now() + TROUBLE_DELAY);
}

void entry_drop(item_t *item) {
  steer_remove(settings.new_fd, settings.state_fd, item->name);
  remove_entry(item, true);
}

static void all_done(attempt_t *attempt) {
  item_t *item = attempt->item;
  bool const logged = attempt->logged, dropped = attempt->state.order == 'k';
  attempt->records.len = 0;
  free_attempt(attempt);
  dropped ? entry_drop(item) : remove_entry(item, logged);
}

uint64_t attempt_age_base(attempt_t const *attempt) {
  uint64_t arrival = chain_id_time(attempt->entry.id);
  return attempt->terms.release > arrival ? attempt->terms.release : arrival;
}

uint64_t attempt_expiry(attempt_t const *attempt) {
  uint64_t end = attempt_age_base(attempt) + settings.lifetime;
  return attempt->terms.returns ? earlier(end, attempt->terms.deadline) : end;
}

bool attempt_is_late(attempt_t const *attempt) {
  return attempt->terms.returns && time_now() >= attempt->terms.deadline;
}

/* When there is something to do whatever becomes of tries: a delay is to be told, or it expires. */
static uint64_t next_event(attempt_t const *attempt) {
  return earlier(notice_delay_due(attempt), attempt_expiry(attempt));
}

/* When what failed by itself is tried again. */
static uint64_t next_try(attempt_t const *attempt) {
  uint64_t now = time_now(), next = attempt->state.next;
  uint32_t random;
  random_buf((char *)&random, sizeof random);
  if (!attempt->early || next < now)
    next = now + queue_retry_delay(&settings.schedule, attempt->state.attempts + 1, random);
  return earlier(next, next_event(attempt));
}

/* The index has the entry again. */
static void wait_until_due(attempt_t *attempt, uint64_t due) {
  item_t *item = attempt->item;
  free_attempt(attempt);
  item->fresh = item->verify = item->forced = item->early = item->asked = false;
  index_wait(item, item->unwritten ? earlier(due, time_now() + TROUBLE_DELAY) : due);
}

static void end_log(attempt_t *attempt, uint64_t next) {
  queue_record_t end = {.time = time_now(), .what = 'r', .next = next, .text = ""};
  attempt_record(attempt, &end);
  write_records(attempt, true);
  report_waiting(attempt, attempt->state.attempts + 1, next);
}

static void something_left(attempt_t *attempt) {
  uint64_t next = next_try(attempt);
  end_log(attempt, next);
  wait_until_due(attempt, next);
}

/* Everything is done, but the sender does not know. */
static void not_told(attempt_t *attempt) {
  item_t *item = attempt->item;
  write_records(attempt, true);
  wait_until_due(attempt, time_now() + TROUBLE_DELAY);
  item->forced = true;
}

/* ---- waiting for a place ---- */

static bool place_is_down(place_t const *place) {
  return place->destination && destination_is_down(place->destination);
}

/* What has enough to do will be free sooner than what is down, and what got something done sooner
   than what may hang. */
static bool is_sooner(place_t const *a, place_t const *b) {
  bool a_down = place_is_down(a);
  if (a_down != place_is_down(b)) return !a_down;
  if (!a_down && a->moved == b->moved) return pool_patience(a->worker) < pool_patience(b->worker);
  if (!a_down) return a->moved > b->moved;
  return destination_pause(a->destination) < destination_pause(b->destination);
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
static void wait_for_place(attempt_t *attempt) {
  place_t *place = attempt->place;
  item_t *item = attempt->item;
  bool down = place_is_down(place);
  uint64_t due = attempt->temporary ? next_try(attempt) : next_event(attempt);
  if (attempt->recorded || (attempt->temporary && !attempt->early)) {
    end_log(attempt, attempt->temporary
                         ? due
                         : time_now() + (down ? destination_pause(place->destination) : 0));
    item->fresh = item->verify = false;
  }
  item->early = attempt->temporary;
  item->forced = !attempt->temporary;
  item->asked = false;
  if (!down) due = earlier(due, time_now() + BUSY_DELAY);
  attempt->place = 0;
  free_attempt(attempt);
  park(item, place, due);
  if (place->destination) destination_release(place->destination);
}

/* ---- orders ---- */

attempt_t *attempt_of(item_t const *item) {
  attempt_t *attempt = attempts;
  while (attempt && attempt->item != item) attempt = attempt->next;
  return attempt;
}

/* The order is in the log, whatever comes after. */
int attempt_order(attempt_t *attempt, char what, char const *reason) {
  bool torn = attempt->state.torn;
  attempt->state.torn = true;
  if (queue_order(settings.state_fd, attempt->item->name, what, reason, torn) < 0) return -1;
  attempt->state.torn = false;
  attempt->logged = true;
  if (attempt_reread(attempt) == 0) return 0;
  attempt->state.order = what;
  attempt->state.reason = "5.7.0 removed by an administrator";
  return 0;
}

/* What is left of a held one is tried as soon as it is let go, and given up at once of others. */
static void obey(attempt_t *attempt) {
  item_t *item = attempt->item;
  bool held = attempt->state.order == 'h';
  if (attempt->recorded) end_log(attempt, time_now());
  free_attempt(attempt);
  item->fresh = item->verify = false;
  item->forced = true;
  held ? index_hold(item) : index_ready(item);
}

/* ---- going on ---- */

static size_t recipients_at_once(void) {
  return pool_is_crowded() ? RECIPIENTS_FEW : RECIPIENTS_AT_ONCE;
}

bool attempt_is_bulk(attempt_t const *attempt) {
  return attempt->entry.envelope.count > RECIPIENTS_FEW;
}

static void end(attempt_t *attempt) {
  char order = attempt->state.order;
  bool dropped = order == 'k'; /* and nobody is told */
  bool left = !dropped && (attempt->temporary || attempt->place);
  if (!dropped && !notice_send(attempt))
    not_told(attempt);
  else if (!left)
    all_done(attempt);
  else if (order == 'h' || order == 'f' || attempt->skipped)
    obey(attempt);
  else if (attempt->place)
    wait_for_place(attempt);
  else
    something_left(attempt);
}

/* Only the last of them may end the attempt, and lets what is begun then be turned out in turn. */
void attempt_turn_out(attempt_t *attempt) {
  group_t *group = attempt->guests;
  if (attempt->firm || attempt->turning_out) return;
  attempt->guests = 0;
  for (group_t *next; group; group = next) {
    next = group_next_guest(group);
    attempt->turning_out = next;
    destination_take_back(group);
  }
}

/* The others have to wait until there is room for their outcome. */
static void pass_over(attempt_t *attempt) {
  attempt->temporary |= !attempt->begun;
  attempt->begun = true;
}

/* More are begun when half of the others are done, so that they come together, too. */
static void begin_more(attempt_t *attempt) {
  char const *address = "";
  size_t most = recipients_at_once();
  if (attempt->records.len > RECORDS_KEPT) write_records(attempt, false);
  if (attempt->unwritable) return pass_over(attempt);
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
    attempt_turn_out(attempt);
}

/* ---- the beginning ---- */

/* Torn or strange: it is never delivered, and kept for people to look at. */
static void set_aside(item_t *item) {
  report_entry("bad", item->name, EBADMSG);
  if (renameat(settings.new_fd, item->name, settings.bad_fd, item->name) == 0)
    return forget(item, true);
  report_entry("set-aside-failed", item->name, errno);
  index_wait(item, time_now() + TROUBLE_DELAY);
}

static void cannot_start(item_t *item, int error) {
  if (error == EBADMSG) return set_aside(item);
  if (error == ENOENT) return forget(item, true);
  report_entry("read-failed", item->name, error);
  index_wait(item, time_now() + TROUBLE_DELAY);
}

/* A log does not say that its entry is whole: a scan may have found that before it was synced. */
static int open_entry(attempt_t *attempt) {
  item_t const *item = attempt->item;
  if (queue_entry_open(&attempt->entry, settings.new_fd, item->name, settings.owners) < 0)
    return -1;
  if (!item->verify || queue_entry_verify(&attempt->entry) == 0) return 0;
  int error = errno;
  queue_entry_close(&attempt->entry);
  return errno = error, -1;
}

/* Nothing is put off for longer than the schedule has it: the clock was set back since. */
static bool is_over(uint64_t next, uint64_t now) {
  return time_until(next, now) > queue_retry_longest(&settings.schedule) || next <= now;
}

/* What was found by a scan may not be due yet; that is in its log alone. */
static bool is_due(attempt_t *attempt) {
  item_t *item = attempt->item;
  queue_state_t const *state = &attempt->state;
  if (!state->attempts || item->forced || is_over(state->next, time_now())) return true;
  attempt->early = item->early;
  if (!item->early) index_wait(item, state->next);
  return item->early;
}

/* What was ordered goes before what is due. */
static bool may_begin(attempt_t *attempt) {
  char order = attempt->state.order;
  if (order == 'k') return entry_drop(attempt->item), false;
  if (order == 'h') return index_hold(attempt->item), false;
  return order == 'f' || is_due(attempt);
}

/* 0, 1: its injector wants it held, or -1 with errno. */
static int open_unheld(attempt_t *attempt) {
  if (open_entry(attempt) < 0) return -1;
  char const *reason = queue_held(&attempt->entry, &attempt->state);
  if (!reason) return 0;
  report_order("held", attempt->item->name, reason);
  queue_entry_close(&attempt->entry);
  return 1;
}

/* Only the entry itself tells how long it is to be held; what is given up is not. */
static bool is_released(attempt_t *attempt) {
  item_t *item = attempt->item;
  queue_terms_t *terms = &attempt->terms;
  queue_terms_read(terms, &attempt->entry);
  item->class = (uint8_t)queue_priority_class(terms->priority);
  if (terms->release <= time_now() || attempt->state.order == 'f') return true;
  if (!item->forced) report_hold(attempt);
  queue_entry_close(&attempt->entry);
  index_wait(item, terms->release);
  return false;
}

void attempt_start(item_t *item) {
  if (item->delivered) return remove_entry(item, true);
  if (!write_kept(item)) return;
  attempt_t *attempt = calloc(1, sizeof *attempt);
  if (!attempt) return cannot_start(item, ENOMEM);
  attempt->item = item;
  if (!item->fresh && queue_state_read(&attempt->state, settings.state_fd, item->name) < 0) {
    cannot_start(item, errno);
  } else if (may_begin(attempt)) {
    attempt->logged = attempt->state.text;
    int held = open_unheld(attempt);
    if (!held && is_released(attempt)) {
      link_attempt(attempt);
      return attempt_go_on(attempt);
    }
    if (held) held > 0 ? index_hold(item) : cannot_start(item, errno);
  }
  queue_state_free(&attempt->state);
  free(attempt);
}

static void write_at_the_end(void *data, item_t const *item) {
  (void)data;
  if (item->unwritten && append(item, item->unwritten, true, true) < 0)
    report_entry("record-failed", item->name, errno);
}

void attempts_abandon(void) {
  pool_abandon();
  for (attempt_t *attempt = attempts; attempt; attempt = attempt->next)
    if (attempt->worth_a_sync) write_records(attempt, true);
  for (size_t bucket = 0; index_each(bucket, write_at_the_end, 0);) bucket++;
}
