/* survey: what administrators are told that queue-send alone knows. */
#ifndef CHAINMAIL_QUEUE_SEND_SURVEY_H
#define CHAINMAIL_QUEUE_SEND_SURVEY_H

#include <skalibs/stralloc.h>

#include "send.h"
#include "steer/steer.h"

typedef enum survey_subject { SURVEY_NONE, SURVEY_ENTRIES, SURVEY_DESTINATIONS } survey_subject_t;

/* What a client is told of all of these, a part at a time. */
typedef struct survey {
  survey_subject_t subject; /* SURVEY_NONE: nothing, or that was all */
  size_t bucket;            /* the next one */
} survey_t;

void survey_entry(stralloc *out, item_t const *item);
/* Begins to tell of all entries; */
void survey_entries(survey_t *survey);
/* of the counts of them, of deliverers, and of all destinations. */
void survey_rest(survey_t *survey, stralloc *out);
/* Goes on for a bucket; of SURVEY_NONE when that was the last. False: no memory. */
bool survey_step(survey_t *survey, stralloc *out);

#endif
