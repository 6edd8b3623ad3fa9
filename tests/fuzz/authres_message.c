/* Authentication-Results fields of a message: whole fields, in order, in the header only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authres/authres.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char const *message = (char const *)data;
  authres_field_t field;
  size_t position = 0, last = 0;
  while (authres_field_next(message, size, &position, &field)) {
    if (field.start < last || field.end <= field.start || field.end > size) abort();
    if (field.start && message[field.start - 1] != '\n') abort();
    if (field.end < size && message[field.end - 1] != '\n') abort();
    if (strncasecmp(message + field.start, "Authentication-Results", 22)) abort();
    if (memmem(message, field.start, "\n\n", 2)) abort();
    if (strnlen(field.id, sizeof field.id) == sizeof field.id) abort();
    last = field.end;
  }
  return 0;
}
