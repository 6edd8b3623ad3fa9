#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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

int worker_results_send(int socket, char const *frames, size_t len) {
  while (len) {
    ssize_t n = send(socket, frames, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    frames += n;
    len -= (size_t)n;
  }
  return 0;
}

/* RFC 3463: no answer, connection lost, no DNS, no route, congestion; no TLS as it must be, no
   login. */
static char const down_codes[][6] = {"4.4.1", "4.4.2", "4.4.3", "4.4.4", "4.4.5", "4.7.5", "4.7.8"};

bool worker_destination_is_down(chain_verdict_t const *verdict) {
  if (verdict->kind != CHAIN_DEFER || verdict->code) return false;
  for (size_t i = 0; i < sizeof down_codes / sizeof *down_codes; i++)
    if (!strcmp(verdict->enhanced, down_codes[i])) return true;
  return false;
}
