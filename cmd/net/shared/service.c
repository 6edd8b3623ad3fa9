#include "service.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "net/net.h"

int service_signals(void) {
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

void service_drop_root(void) {
  char const *reason;
  if (net_drop_root(&reason) == 0) return;
  if (errno == EINVAL) strerr_dief2x(100, "-U: ", reason);
  strerr_diefu1sys(111, reason);
}

void service_ready(int fd) {
  if (fd >= 0) {
    ssize_t const r = write(fd, "\n", 1);
    (void)r;
    close(fd);
  }
  if (net_notify("READY=1") < 0) strerr_warnwu1sys("notify systemd");
}
