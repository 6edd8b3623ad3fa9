/* known: what the tools that show the queue ask of queue-send, if it runs. */
#ifndef CHAINMAIL_QUEUE_KNOWN_H
#define CHAINMAIL_QUEUE_KNOWN_H

#include "steer/steer.h"
#include "tool.h"

/* True if there is someone to ask. */
bool known_connect(steer_client_t *client, tool_t const *tool);
/* Of one message, or of all: "". False if queue-send does not run, or does not tell. */
bool known_read(steer_known_t *known, tool_t const *tool, char const *name);

#endif
