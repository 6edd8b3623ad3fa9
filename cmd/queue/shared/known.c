#include "known.h"

#include <errno.h>
#include <signal.h>

#include <skalibs/strerr.h>

bool known_connect(steer_client_t *client, tool_t const *tool) {
  signal(SIGPIPE, SIG_IGN);
  if (steer_connect(client, tool->path) == 0) return true;
  if (!tool_is_down(errno)) strerr_warnwu1sys("speak to queue-send");
  return false;
}

bool known_read(steer_known_t *known, tool_t const *tool, char const *name) {
  steer_client_t client;
  if (!known_connect(&client, tool)) return false;
  int const result = steer_known_read(known, &client, name);
  if (result < 0) strerr_warnwu1sys("speak to queue-send");
  steer_close(&client);
  return result == 0;
}
