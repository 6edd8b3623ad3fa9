#include "fair.h"

#define RECIPIENT_MS 100 /* of what a server that is not slow takes, the most */
#define BYTES_IN_MS  100

uint64_t fair_time(uint64_t opening, relay_transaction_t const *transaction) {
  return opening + transaction->count * RECIPIENT_MS +
         queue_stream_size(&transaction->message) / BYTES_IN_MS;
}
