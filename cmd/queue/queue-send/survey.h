/* survey: what administrators are told that queue-send alone knows. */
#ifndef CHAINMAIL_QUEUE_SEND_SURVEY_H
#define CHAINMAIL_QUEUE_SEND_SURVEY_H

#include <skalibs/stralloc.h>

#include "send.h"
#include "steer/steer.h"

/* What a client is told, a part at a time: of an entry or all of them, or of the rest. */
typedef struct survey {
  bool running, of_destinations;
  size_t bucket; /* the next one */
} survey_t;

void survey_entry(stralloc *out, item_t const *item);
void survey_start(survey_t *survey, stralloc *out, steer_verb_t verb);
/* Goes on for a bucket; not running when that was the last. False: no memory. */
bool survey_step(survey_t *survey, stralloc *out);

#endif
