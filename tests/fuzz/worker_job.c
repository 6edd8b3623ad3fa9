/* What a peer may send to a deliverer: bytes, with a descriptor number per frame made up. */

#include <stdint.h>
#include <string.h>

#include "worker/worker.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  worker_input_t input;
  worker_job_t job;
  worker_input_init(&input);
  input.len = size < sizeof input.bytes ? size : sizeof input.bytes;
  memcpy(input.bytes, data, input.len);
  input.nfds = size % (sizeof input.fds / sizeof *input.fds);
  memset(input.fds, 0xff, sizeof input.fds);
  while (worker_job_next(&input, &job) > 0) {
    size_t len = strlen(job.sender) + strlen(job.recipient) + strlen(job.argument) +
                 strlen(job.id) + strlen(job.original);
    if (len >= WORKER_FRAME_MAX) __builtin_trap();
  }
  return 0;
}
