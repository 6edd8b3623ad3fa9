#include <string.h>
#include <strings.h>
#include <time.h>

#include "delivery/delivery.h"

#define SECOND UINT64_C(1000000)

/* ---- NOTIFY ---- */

/* NOTIFY without SUCCESS. What asks for nothing else asks for nothing. */
static char const *without_success(char const *notify) {
  static char const *const rest[2][2] = {{"NEVER", "DELAY"}, {"FAILURE", "FAILURE,DELAY"}};
  if (!smtp_list_has(notify, "SUCCESS")) return notify;
  return rest[smtp_list_has(notify, "FAILURE")][smtp_list_has(notify, "DELAY")];
}

/* ---- ORCPT ---- */

static char const *make_orcpt(char made[DELIVERY_ORCPT_SIZE], char const *address) {
  char *end = stpcpy(made, "rfc822;");
  size_t const room = DELIVERY_ORCPT_SIZE - (size_t)(end - made);
  return smtp_xtext_encode(end, room, address, strlen(address)) < 0 ? NULL : made;
}

delivery_wishes_t delivery_wishes(dsn_asked_t const *asked, char const *recipient, bool told,
                                  char made[DELIVERY_ORCPT_SIZE]) {
  delivery_wishes_t wishes = {.notify = asked->notify, .orcpt = asked->original};
  if (wishes.notify && told) wishes.notify = without_success(wishes.notify);
  if (!wishes.orcpt && made && strcasecmp(asked->recipient, recipient))
    wishes.orcpt = make_orcpt(made, asked->recipient);
  return wishes;
}

/* ---- BY ---- */

/* Seconds that have begun since the entry came, so that no host adds to the time that there is. */
static int64_t age_of(queue_entry_t const *entry, uint64_t now) {
  uint64_t const born = queue_entry_arrival(entry);
  return now > born ? (int64_t)((now - born + SECOND - 1) / SECOND) : 0;
}

bool delivery_by(smtp_by_t *by, queue_entry_t const *entry, uint64_t now) {
  char const *value = queue_envelope_value(&entry->envelope, "", "BY");
  if (!value || smtp_by_parse(by, value, strlen(value)) < 0) return false;
  by->seconds -= age_of(entry, now);
  if (by->seconds < -SMTP_HOLDFOR_MAX) by->seconds = -SMTP_HOLDFOR_MAX;
  return true;
}

uint64_t delivery_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

bool delivery_is_late(queue_entry_t const *entry) {
  smtp_by_t by;
  return delivery_by(&by, entry, delivery_now()) && by.returns && by.seconds <= 0;
}

/* ---- MT-PRIORITY ---- */

char const *delivery_priority(queue_entry_t const *entry) {
  char const *changed = queue_entry_fact(entry, "SMTP_PRIORITY");
  int priority;
  if (changed && smtp_priority_parse(&priority, changed, strlen(changed)) == 0) return changed;
  return queue_envelope_value(&entry->envelope, "", "MT-PRIORITY");
}
