/* entry: an entry's file, in new/: opened for an attempt, removed, or set aside. */
#ifndef CHAINMAIL_QUEUE_SEND_ENTRY_H
#define CHAINMAIL_QUEUE_SEND_ENTRY_H

#include "send.h"

#define TROUBLE_DELAY (60 * SECOND) /* after a failure that is the queue's own */

/* Opens the file of an item; one that a scan found is read whole and compared with its checksum. 0,
   or -1 with errno, EBADMSG: it is torn or strange. */
int entry_open(queue_entry_t *entry, item_t const *item);
/* What becomes of an item that could not be opened, or read, for this reason: it is set aside in
   bad/, forgotten, or waits. */
void entry_fail(item_t *item, int error);
/* Removes one that is done, and is in no list; its log goes last. */
void entry_remove(item_t *item);
/* The same of one that has no log. */
void entry_remove_unlogged(item_t *item);
/* Removes one that was dropped, and is in no list; its log goes last (steer_remove). */
void entry_drop(item_t *item);

#endif
