/* fair: what a server may take before others need not wait for it any longer. */
#ifndef DELIVER_FAIR_H
#define DELIVER_FAIR_H

#include <stdint.h>

#include "relay/relay.h"

/* How often that is what it may take until it is ready, again for the answer to a message that it
   has got whole, which it may keep. */
#define FAIR_END_TIMES 5

/* Milliseconds for a transaction, where opening are those until a session is ready: the same, with
   a tenth of a second for each recipient and a second for each 100,000 bytes added. */
uint64_t fair_time(uint64_t opening, relay_transaction_t const *transaction);

#endif
