#include <sys/signalfd.h>
#include <unistd.h>

#include "tls-keyd.h"

int signals_take(int fd) {
  struct signalfd_siginfo taken;
  return read(fd, &taken, sizeof taken) == sizeof taken ? (int)taken.ssi_signo : 0;
}
