/* batch: jobs that go through the steps of a delivery together: write, sync, publish, sync of the
 * folders, report. What cannot go on says why, and exits. */
#ifndef DELIVER_MAILDIR_BATCH_H
#define DELIVER_MAILDIR_BATCH_H

#include <stdbool.h>

/* Before the first batch. routes: their compiled table, or NULL: the usual one. */
void batch_init(char const *routes);

/* Waits for a job, and takes and writes what is at hand then. False at the end of all jobs; what
   was taken before it is a batch, too. */
bool batch_take(void);

/* Brings them to their end, and tells how each ended. */
void batch_finish(void);

#endif
