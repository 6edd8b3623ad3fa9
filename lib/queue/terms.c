#include <string.h>
#include <strings.h>

#include "queue/queue.h"
#include "smtp/smtp.h"

#define SECOND UINT64_C(1000000)

static void take_holdfor(queue_terms_t *terms, char const *value, uint64_t arrival) {
  uint64_t seconds;
  if (smtp_holdfor_parse(&seconds, value, strlen(value)) == 0)
    terms->release = arrival + seconds * SECOND;
}

static void take_holduntil(queue_terms_t *terms, char const *value, uint64_t arrival) {
  uint64_t seconds;
  (void)arrival;
  if (smtp_holduntil_parse(&seconds, value, strlen(value)) == 0) terms->release = seconds * SECOND;
}

/* A time that is over when the message comes may lie before the epoch in theory alone. */
static void take_by(queue_terms_t *terms, char const *value, uint64_t arrival) {
  smtp_by_t by;
  if (smtp_by_parse(&by, value, strlen(value)) < 0) return;
  uint64_t distance = (uint64_t)(by.seconds < 0 ? -by.seconds : by.seconds) * SECOND;
  if (by.seconds >= 0)
    terms->deadline = arrival + distance;
  else
    terms->deadline = distance < arrival ? arrival - distance : 1;
  terms->returns = by.returns;
  terms->trace = by.trace;
}

static void take_priority(queue_terms_t *terms, char const *value, uint64_t arrival) {
  int priority;
  (void)arrival;
  if (smtp_priority_parse(&priority, value, strlen(value)) == 0) terms->priority = priority;
}

static struct {
  char const *name;
  void (*take)(queue_terms_t *terms, char const *value, uint64_t arrival);
} const kinds[] = {
    {"HOLDFOR=", take_holdfor},
    {"HOLDUNTIL=", take_holduntil},
    {"BY=", take_by},
    {"MT-PRIORITY=", take_priority},
};

static void take(queue_terms_t *terms, char const *parameter, uint64_t arrival) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    size_t len = strlen(kinds[i].name);
    if (!strncasecmp(parameter, kinds[i].name, len)) kinds[i].take(terms, parameter + len, arrival);
  }
}

void queue_terms_read(queue_terms_t *terms, queue_entry_t const *entry) {
  uint64_t arrival = queue_entry_arrival(entry);
  char const *priority = queue_entry_fact(entry, "SMTP_PRIORITY");
  size_t position = 0;
  *terms = (queue_terms_t){0};
  for (char const *s; (s = queue_envelope_parameter(&entry->envelope, "", &position));)
    take(terms, s, arrival);
  if (priority) take_priority(terms, priority, arrival);
}
