/* due: when an entry that is attempted is tried again, and when it is given up. All times are since
 * the epoch. */
#ifndef CHAINMAIL_QUEUE_SEND_DUE_H
#define CHAINMAIL_QUEUE_SEND_DUE_H

#include "send.h"

/* Since when it could have been delivered. */
uint64_t attempt_age_base(attempt_t const *attempt);
/* When it expires: at the end of its life, or when its sender wants it back. */
uint64_t attempt_expiry(attempt_t const *attempt);
/* That is over. What is held does not expire, nor what is to vanish. */
bool attempt_has_expired(attempt_t const *attempt);
/* Its sender wants it back by now: it is not to be delivered any more (RFC 2852, 4.1.4). */
bool attempt_is_late(attempt_t const *attempt);
/* When there is something to do whatever becomes of tries: a delay is to be told, or it expires. */
uint64_t attempt_next_event(attempt_t const *attempt);
/* When what failed by itself is tried again; or that. */
uint64_t attempt_next_try(attempt_t const *attempt);
/* The time that its log has for the next try is over, or too far for the schedule. */
bool attempt_is_due(attempt_t const *attempt);

#endif
