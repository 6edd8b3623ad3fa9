/* What the tools that show the queue ask of queue-send, if it runs. */
#ifndef CHAINMAIL_QUEUE_KNOWN_H
#define CHAINMAIL_QUEUE_KNOWN_H

#include <signal.h>

#include "tool.h"

/* True if there is someone to ask. */
static inline bool known_connect(steer_client_t *client, tool_t const *tool) {
  signal(SIGPIPE, SIG_IGN);
  if (steer_connect(client, tool->path) == 0) return true;
  if (!tool_is_down(errno)) strerr_warnwu1sys("speak to queue-send");
  return false;
}

/* Of one message, or of all: "". False if queue-send does not run, or does not tell. */
static inline bool known_read(steer_known_t *known, tool_t const *tool, char const *name) {
  steer_client_t client;
  if (!known_connect(&client, tool)) return false;
  int const result = steer_known_read(known, &client, name);
  if (result < 0) strerr_warnwu1sys("speak to queue-send");
  steer_close(&client);
  return result == 0;
}

#endif
