#include "survey.h"

#include <skalibs/types.h>

#include "channel.h"
#include "destination.h"
#include "index.h"
#include "pool.h"
#include "worker.h"

/* A line of a reply on its way into out. */
typedef struct row {
  stralloc *out;
  bool failed;
  size_t count;
  char const *fields[STEER_FIELDS_MAX];
  char numbers[STEER_FIELDS_MAX][UINT64_FMT];
} row_t;

static void put(row_t *row, char const *s) {
  row->fields[row->count++] = s;
}

static void put_number(row_t *row, uint64_t number) {
  char *s = row->numbers[row->count];
  s[uint64_fmt(s, number)] = 0;
  put(row, s);
}

static void end(row_t *row) {
  char line[STEER_LINE_MAX];
  size_t const len = steer_fields_format(line, row->fields, row->count);
  row->failed |= !stralloc_catb(row->out, line, len);
  row->count = 0;
}

/* ---- entries ---- */

static char const *const words[] = {
    [ITEM_READY] = "ready", [ITEM_WAITING] = "waiting", [ITEM_PARKED] = "parked",
    [ITEM_HELD] = "held",   [ITEM_ACTIVE] = "active",
};
#define STATES (sizeof words / sizeof *words)

static uint64_t wakes(destination_t const *destination) {
  return destination->outage.failures ? time_now() + destination_pause(destination) : 0;
}

static void put_place(row_t *row, place_t const *place) {
  destination_t const *destination = place->destination;
  if (!destination) return;
  put(row, destination->worker->channel->word);
  put(row, destination->argument);
  put(row, destination_text(destination));
}

static void put_item(void *data, item_t const *item) {
  row_t *row = data;
  place_t const *place = item->state == ITEM_PARKED ? item->list->place : NULL;
  uint64_t due = item->state == ITEM_WAITING && item->due != NEVER ? item->due : 0;
  if (place && place->destination) due = wakes(place->destination);
  put(row, item->name);
  put(row, words[item->state]);
  put_number(row, due);
  if (place) put_place(row, place);
  end(row);
}

void survey_entry(stralloc *out, item_t const *item) {
  row_t row = {.out = out};
  put_item(&row, item);
}

/* ---- the rest ---- */

static void count_item(void *data, item_t const *item) {
  uint64_t *counts = data;
  counts[item->state]++;
}

static void put_counts(row_t *row) {
  uint64_t counts[STATES] = {0};
  for (size_t bucket = 0; index_each(bucket, count_item, counts);) bucket++;
  for (size_t i = 0; i < STATES; i++) {
    put(row, "entries");
    put(row, words[i]);
    put_number(row, counts[i]);
    end(row);
  }
}

static void put_worker(void *data, worker_t const *worker) {
  row_t *row = data;
  put(row, "deliverer");
  put(row, worker->channel->word);
  put(row, worker->socket >= 0 ? "running" : worker->failures ? "failed" : "idle");
  put_number(row, (uint64_t)worker->pid);
  put_number(row, worker->given_count);
  put_number(row, worker->waiting);
  put_number(row, worker->failures);
  end(row);
}

static void put_destination(void *data, destination_t const *destination) {
  row_t *row = data;
  put(row, "destination");
  put(row, destination->worker->channel->word);
  put(row, destination->argument);
  put_number(row, destination->outage.failures);
  put_number(row, destination->outage.failures ? destination->outage.since : 0);
  put_number(row, wakes(destination));
  put_number(row, destination->given);
  put_number(row, destination->groups - destination->given);
  put_number(row, destination->place.count);
  put(row, destination->outage.failures ? destination_text(destination) : "");
  end(row);
}

/* ---- both ---- */

void survey_entries(survey_t *survey) {
  *survey = (survey_t){.subject = SURVEY_ENTRIES};
}

void survey_rest(survey_t *survey, stralloc *out) {
  row_t row = {.out = out};
  *survey = (survey_t){.subject = SURVEY_DESTINATIONS};
  put_counts(&row);
  pool_each(put_worker, &row);
}

/* A table that grows meanwhile moves what was not told only to buckets that are still to come. */
bool survey_step(survey_t *survey, stralloc *out) {
  row_t row = {.out = out};
  bool const more = survey->subject == SURVEY_ENTRIES
                        ? index_each(survey->bucket, put_item, &row)
                        : destinations_each(survey->bucket, put_destination, &row);
  survey->bucket++;
  if (!more) survey->subject = SURVEY_NONE;
  return !row.failed;
}
