/* trigger: how entries become known that their injectors tell of, in a FIFO. Whoever may write into
 * new/ may write there, too, any number of names that nobody has: then it is left alone for a
 * while, and scans find what is new. */
#ifndef CHAINMAIL_QUEUE_SEND_TRIGGER_H
#define CHAINMAIL_QUEUE_SEND_TRIGGER_H

#include "send.h"

void trigger_open(void);
/* What is to be polled; -1: nothing now. */
int trigger_fd(void);
void trigger_read(void);
/* There was no entry of this name, of which the trigger may have told. */
void trigger_doubt(void);
/* Listens again when it is time. */
void trigger_run(void);
uint64_t trigger_deadline(void);

#endif
