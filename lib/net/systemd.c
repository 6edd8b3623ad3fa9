/* systemd's side of things: sockets that it made, and telling it how we are. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/types.h>

#include "net/net.h"

int net_systemd_fds(void) {
  char const *const pid_text = getenv("LISTEN_PID"), *const count_text = getenv("LISTEN_FDS");
  unsigned int pid, count;
  if (!pid_text || !count_text) return 0;
  if (!uint0_scan(pid_text, &pid) || !uint0_scan(count_text, &count) || count > 1024)
    return errno = EINVAL, -1;
  return (pid_t)pid == getpid() ? (int)count : 0;
}

/* A path, or with '@' in front a name in the abstract name space. */
static int notify_address(struct sockaddr_un *address, socklen_t *size, char const *path) {
  size_t const len = strlen(path);
  if ((*path != '/' && *path != '@') || len >= sizeof address->sun_path) return errno = EINVAL, -1;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  memcpy(address->sun_path, path, len);
  if (*path == '@') address->sun_path[0] = 0;
  *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
  return 0;
}

int net_notify(char const *state) {
  struct sockaddr_un address;
  socklen_t size;
  char const *const path = getenv("NOTIFY_SOCKET");
  if (!path) return 0;
  if (notify_address(&address, &size, path) < 0) return -1;
  int const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  ssize_t const r =
      sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  int const saved = errno;
  close(fd);
  return errno = saved, r < 0 ? -1 : 0;
}
