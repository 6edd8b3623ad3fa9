/* control: the clients of the control socket. */
#ifndef CHAINMAIL_QUEUE_SEND_CONTROL_H
#define CHAINMAIL_QUEUE_SEND_CONTROL_H

#include <poll.h>

#include "send.h"

#define CONTROL_CLIENTS 8 /* at one time; more wait */
#define CONTROL_POLLS   (CONTROL_CLIENTS + 1)

/* Listens on the queue's control socket; mail is delivered without it, too. */
void control_open(void);
/* As pool's; control_run does a few of the things that were asked for. */
void control_run(void);
size_t control_polls(struct pollfd *polls);
void control_handle(struct pollfd const *polls);
uint64_t control_deadline(void);
void control_close(void);

#endif
