/* The state log: a crash may tear it anywhere. */
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size);

/* What was parsed and is written again parses to the same. */
static void check_record(queue_record_t const *record) {
  char line[QUEUE_RECORD_MAX + 1];
  queue_record_t again;
  size_t len = queue_record_format(line, record);
  if (len > QUEUE_RECORD_MAX || line[len - 1] != '\n') __builtin_trap();
  if (queue_record_parse(&again, line, len - 1) < 0) __builtin_trap();
  if (again.time != record->time || again.what != record->what || again.next != record->next ||
      again.recipient != record->recipient || again.target != record->target)
    __builtin_trap();
}

int LLVMFuzzerTestOneInput(unsigned char const *data, size_t size) {
  queue_state_t state;
  char *text = malloc(size + 1);
  if (!text) abort();
  memcpy(text, data, size);
  if (queue_state_parse(&state, text, size) < 0) abort();
  for (size_t i = 0; i < state.count; i++) {
    queue_record_t const *record = &state.records[i];
    check_record(record);
    if (queue_state_find(&state, record->recipient, record->target) != record) __builtin_trap();
  }
  queue_state_free(&state);
  return 0;
}
