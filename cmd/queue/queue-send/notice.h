/* notice: bounces, and what else the sender of an attempt is told. */
#ifndef CHAINMAIL_QUEUE_SEND_NOTICE_H
#define CHAINMAIL_QUEUE_SEND_NOTICE_H

#include "conf/conf.h"
#include "send.h"

/* What the log says of a delivery to one target for all, for the notice that may be wanted. */
#define NOTICE_DELIVERED "delivered"
#define NOTICE_RELAYED   "relayed"  /* to one who will not tell the sender */
#define NOTICE_UNTIMED   "untimed"  /* to one who will, but not if it is late */
#define NOTICE_PASSED    "passed"   /* to one who will */
#define NOTICE_EXPANDED  "expanded" /* to several, or to another address */

void notice_configure(conf_t const *conf, char const *me);
/* Tells the sender of an attempt that is over what is to be told of it; the log has it then. False:
   it could not be told, and is to be tried again. */
bool notice_send(attempt_t *attempt);
/* When the sender is to be told of a delay; NEVER if that was done, or looked at in this attempt.
 */
uint64_t notice_delay_due(attempt_t const *attempt);

#endif
