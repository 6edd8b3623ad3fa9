#include <string.h>

#include <skalibs/types.h>

#include "frame.h"
#include "worker/worker.h"

size_t worker_result_format(char *out, uint64_t number, chain_kind_t kind, char const *text) {
  char digits[UINT64_FMT], verdict[CHAIN_TEXT_MAX + 2];
  size_t len = strnlen(text, CHAIN_TEXT_MAX);
  digits[uint64_fmt(digits, number)] = 0;
  verdict[0] = (char)kind;
  memcpy(verdict + 1, text, len);
  verdict[1 + len] = 0;
  return frame_write(out, WORKER_RESULT_MAX, (char const *[]){"r", digits, verdict}, 3);
}

bool worker_destination_is_down(chain_verdict_t const *verdict) {
  char const *code = verdict->enhanced;
  return verdict->kind == CHAIN_DEFER && !verdict->code && !strncmp(code, "4.4.", 4) &&
         code[4] >= '1' && code[4] <= '5' && !code[5];
}
