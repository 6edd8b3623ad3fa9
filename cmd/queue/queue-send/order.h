/* order: what administrators order of single entries. */
#ifndef CHAINMAIL_QUEUE_SEND_ORDER_H
#define CHAINMAIL_QUEUE_SEND_ORDER_H

#include "send.h"
#include "steer/steer.h"

/* Does what is ordered of an entry. */
steer_answer_t order_obey(steer_request_t const *request, uid_t uid);

#endif
