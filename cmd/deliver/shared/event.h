/* event: what a deliverer that runs programs waits for. What cannot go on says why, and exits with
   111. */
#ifndef DELIVER_EVENT_H
#define DELIVER_EVENT_H

#include <poll.h>
#include <stdint.h>

/* Descriptor 0 must be a socket: jobs come on it. */
void event_check_socket(void);

/* Waits until a descriptor is ready, a signal came, or so many milliseconds have passed; -1: as
   long as it takes. Signals that are blocked come in only here, so a child that ends before is not
   missed; then nothing is ready. */
void event_wait(struct pollfd *polls, nfds_t count, int64_t milliseconds);

#endif
