#include "event.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include <skalibs/strerr.h>

void event_check_socket(void) {
  int type;
  socklen_t size = sizeof type;
  if (getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
    strerr_diefu1sys(111, "use descriptor 0 as a socket");
}

void event_wait(struct pollfd *polls, nfds_t count, int64_t milliseconds) {
  struct timespec const limit = {.tv_sec = milliseconds / 1000,
                                 .tv_nsec = milliseconds % 1000 * 1000000};
  sigset_t none;
  sigemptyset(&none);
  if (ppoll(polls, count, milliseconds < 0 ? NULL : &limit, &none) >= 0) return;
  if (errno != EINTR) strerr_diefu1sys(111, "poll");
  for (nfds_t i = 0; i < count; i++) polls[i].revents = 0;
}
