/* scan: how entries become known that nobody told of: by reading the queue's folders. */
#ifndef CHAINMAIL_QUEUE_SEND_SCAN_H
#define CHAINMAIL_QUEUE_SEND_SCAN_H

#include "send.h"

/* Adds the entry of this name to the index. NULL: it is known, or there is no memory, and the next
   scan is to find it. */
item_t *scan_learn(char const *name);
/* Begins to read the folders from the start. */
void scan_start(void);
/* Goes on for a while. */
void scan_step(void);
bool scan_running(void);
/* The last one, or the trigger since, could not take in all that there is. */
bool scan_missed(void);

#endif
