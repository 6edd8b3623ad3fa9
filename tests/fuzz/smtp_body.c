/* The body machine against its model: the first byte chooses DATA or BDAT and the size of pieces.
 */

#include <stdint.h>
#include <stdlib.h>

#include "../smtp/body_model.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static outcome_t got, want;
  if (!size || size > MODEL_MAX) return 0;
  char const *text = (char const *)data + 1;
  size_t len = size - 1;
  char *copy = malloc(len ? len : 1);
  memcpy(copy, text, len);
  bool is_data = data[0] & 1;
  model_run(&want, text, len, is_data);
  machine_run(&got, copy, len, is_data, 1 + (data[0] >> 1) * 3u);
  if (!outcome_same(&got, &want)) abort();
  free(copy);
  return 0;
}
