/* scan: how entries become known: the trigger, and reading the queue's folders. */
#ifndef CHAINMAIL_QUEUE_SEND_SCAN_H
#define CHAINMAIL_QUEUE_SEND_SCAN_H

#include "send.h"

void trigger_open(void);
int trigger_fd(void);
void trigger_read(void);
/* Begins to read the folders from the start. */
void scan_start(void);
/* Goes on for a while. */
void scan_step(void);
bool scan_running(void);
/* The last one, or the trigger since, could not take in all that there is. */
bool scan_missed(void);

#endif
