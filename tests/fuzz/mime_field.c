/* Header fields: they lie one behind the other, each with its name, and the header ends where a
   line is empty or no field. */
#include <stdint.h>
#include <stdlib.h>

#include "mime/mime.h"

static void check_field(char const *message, size_t last, size_t at, mime_field_t const *field) {
  if (field->begin != last || field->end != at || field->end <= field->begin) abort();
  if (!field->name_len || field->begin + field->name_len >= field->value_begin) abort();
  if (field->value_begin > field->value_end || field->value_end > field->end) abort();
  if (message[field->value_begin - 1] != ':') abort();
  if (mime_field_width(message, field) > field->end - field->begin) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *message = (char const *)data;
  size_t at = 0, last = 0;
  mime_field_t field;
  int found;
  while ((found = mime_field_next(message, size, &at, &field)) > 0) {
    check_field(message, last, at, &field);
    last = at;
  }
  if (at > size || at - last > 2) abort();
  if (found < 0 ? at != last || at == size : at != last && message[at - 1] != '\n') abort();
  return 0;
}
