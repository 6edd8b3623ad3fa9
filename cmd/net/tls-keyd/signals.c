#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "tls-keyd.h"

int signals_open(void) {
  static int const taken[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) sigaddset(&set, taken[i]);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_DFL); /* ignored, children would leave no exit status */
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) strerr_diefu1sys(111, "block signals");
  int const fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) strerr_diefu1sys(111, "open a signalfd");
  return fd;
}

int signals_take(int fd) {
  struct signalfd_siginfo taken;
  return read(fd, &taken, sizeof taken) == sizeof taken ? (int)taken.ssi_signo : 0;
}
