/* outcome: what the log of an entry is given about a recipient. */
#ifndef CHAINMAIL_QUEUE_SEND_OUTCOME_H
#define CHAINMAIL_QUEUE_SEND_OUTCOME_H

#include "chain/chain.h"
#include "send.h"

/* The letter of an outcome, in the log: what fails for now has failed for good if the entry has
   expired. */
char outcome_letter(attempt_t const *attempt, chain_kind_t kind);
/* The attempt has a failure, for now or for good, if the letter is one's. */
void outcome_note(attempt_t *attempt, char what);
/* Puts an outcome of a target, or QUEUE_TARGET_ALL, down, unless the log says the same already. */
void outcome_put_down(recipient_t const *recipient, uint64_t target, char what, char const *text);
/* Puts down what became of all targets of a recipient, and notes it. One record speaks for them if
   they were all reached, or if there is only one. */
void outcome_record(recipient_t const *recipient);

#endif
