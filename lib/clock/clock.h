/* clock: a time that only goes forward, whatever is done to the machine's date: for deadlines. */
#ifndef CHAINMAIL_CLOCK_H
#define CHAINMAIL_CLOCK_H

#include <stdint.h>

/* Milliseconds (CLOCK_MONOTONIC). */
int64_t clock_milliseconds(void);

#endif
