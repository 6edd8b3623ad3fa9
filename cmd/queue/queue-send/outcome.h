/* outcome: what the log of an entry is given about a recipient. */
#ifndef CHAINMAIL_QUEUE_SEND_OUTCOME_H
#define CHAINMAIL_QUEUE_SEND_OUTCOME_H

#include "chain/chain.h"
#include "send.h"

/* What the log has of an outcome: what fails for now has failed for good if the entry has expired.
 */
queue_what_t outcome_of(attempt_t const *attempt, chain_kind_t kind);
/* The attempt has a failure, for now or for good, if this is one. */
void outcome_note(attempt_t *attempt, queue_what_t what);
/* Puts an outcome of a target, or QUEUE_TARGET_ALL, down, unless the log says the same already. */
void outcome_put_down(recipient_t const *recipient, uint64_t target, queue_what_t what,
                      char const *text);
/* Puts down what became of all targets of a recipient, and notes it. One record speaks for them if
   they were all reached, or if there is only one. */
void outcome_record(recipient_t const *recipient);

#endif
