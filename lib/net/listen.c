#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/internal.h"

#define SOCKET_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

static int fail(int fd) {
  int const saved = errno;
  close(fd);
  return errno = saved, -1;
}

static void set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

/* Accepted sockets inherit these: they cost nothing per connection. */
static void set_options(int fd) {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/* Makes a listener of a socket that listens. */
static int adopt(net_listener_t *listener, int fd) {
  *listener = (net_listener_t){.fd = fd};
  if (net_connection_local(&listener->local, fd) < 0) return -1;
  if (listener->local.is_unix) return 0;
  listener->is_wildcard = net_address_is_any(&listener->local.local_ip);
  set_options(fd);
  return 0;
}

static int listen_at(net_listener_t *listener, int fd, net_sockaddr_t const *address, int backlog) {
  if (bind(fd, &address->any, address->size) < 0 || listen(fd, backlog) < 0) return -1;
  return adopt(listener, fd);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static void make_address(net_sockaddr_t *address, ip46 const *ip, uint16_t port) {
  *address = (net_sockaddr_t){.size = 0};
  if (ip46_is6(ip)) {
    address->in6.sin6_family = AF_INET6;
    address->in6.sin6_port = htons(port);
    memcpy(&address->in6.sin6_addr, ip->ip, 16);
    address->size = sizeof address->in6;
  } else {
    address->in.sin_family = AF_INET;
    address->in.sin_port = htons(port);
    memcpy(&address->in.sin_addr, ip->ip, 4);
    address->size = sizeof address->in;
  }
}

static int listen_tcp(net_listener_t *listener, int fd, net_sockaddr_t const *address,
                      int backlog) {
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return listen_at(listener, fd, address, backlog) < 0 ? fail(fd) : 0;
}

int net_listen_ip(net_listener_t *listener, ip46 const *ip, uint16_t port, int backlog) {
  net_sockaddr_t address;
  make_address(&address, ip, port);
  int const fd = socket(address.any.sa_family, SOCK_STREAM | SOCKET_FLAGS, 0);
  if (fd < 0) return -1;
  if (ip46_is6(ip)) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  return listen_tcp(listener, fd, &address, backlog);
}

static int listen_both(net_listener_t *listener, uint16_t port, int backlog) {
  net_sockaddr_t address;
  ip46 any;
  ip46_from_ip6(&any, IP6_ANY);
  make_address(&address, &any, port);
  int const fd = socket(AF_INET6, SOCK_STREAM | SOCKET_FLAGS, 0);
  if (fd < 0) return -1;
  set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  return listen_tcp(listener, fd, &address, backlog);
}

int net_listen_all(net_listener_t *listener, uint16_t port, int backlog) {
  ip46 any;
  if (listen_both(listener, port, backlog) == 0) return 0;
  if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) return -1;
  ip46_from_ip4(&any, IP4_ANY);
  return net_listen_ip(listener, &any, port, backlog);
}

/* ---- unix ------------------------------------------------------------------------------------ */

/* Makes way for a socket at address: removes one that nobody listens to. */
static int clear_path(net_sockaddr_t const *address, int type) {
  struct stat st;
  if (lstat(address->un.sun_path, &st) < 0) return errno == ENOENT ? 0 : -1;
  if (!S_ISSOCK(st.st_mode)) return errno = EEXIST, -1;
  int const fd = socket(AF_UNIX, type | SOCKET_FLAGS, 0);
  if (fd < 0) return -1;
  int const r = connect(fd, &address->any, address->size), error = errno;
  close(fd);
  if (r < 0 && error == ECONNREFUSED) return unlink(address->un.sun_path);
  return errno = r == 0 || error == EAGAIN ? EADDRINUSE : error, -1;
}

static int listen_unix(net_listener_t *listener, net_sockaddr_t const *address, int type,
                       int backlog) {
  struct stat st;
  int const fd = socket(AF_UNIX, type | SOCKET_FLAGS, 0);
  if (fd < 0) return -1;
  if (listen_at(listener, fd, address, backlog) < 0) return fail(fd);
  if (stat(address->un.sun_path, &st) < 0) return fail(fd);
  listener->dev = st.st_dev;
  listener->ino = st.st_ino;
  return 0;
}

int net_listen_unix(net_listener_t *listener, int type, char const *path, mode_t mode,
                    int backlog) {
  net_sockaddr_t address = {.size = sizeof address.un};
  size_t const len = strlen(path);
  if (len >= sizeof address.un.sun_path) return errno = ENAMETOOLONG, -1;
  address.un.sun_family = AF_UNIX;
  memcpy(address.un.sun_path, path, len + 1);
  if (clear_path(&address, type) < 0) return -1;
  /* The mode must be right from the first moment, hence no chmod. */
  bool const has_mode = mode != (mode_t)-1;
  mode_t const mask = has_mode ? umask(~mode & 0777) : 0;
  int const r = listen_unix(listener, &address, type, backlog), saved = errno;
  if (has_mode) umask(mask);
  listener->is_made = r == 0;
  return errno = saved, r;
}

/* ---- inherited ------------------------------------------------------------------------------- */

static bool is_listening(int fd, int type) {
  int found = 0, listening = 0;
  socklen_t size = sizeof found;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &found, &size) < 0 || found != type) return false;
  size = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

int net_listen_fd(net_listener_t *listener, int type, int fd) {
  if (!is_listening(fd, type)) return errno = EINVAL, -1;
  int const flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -1;
  return adopt(listener, fd);
}

void net_listener_close(net_listener_t *listener) {
  struct stat st;
  close(listener->fd);
  char const *path = listener->local.local_path;
  if (!listener->is_made || stat(path, &st) < 0) return;
  if (st.st_dev == listener->dev && st.st_ino == listener->ino) unlink(path);
}

/* ---- accepting ------------------------------------------------------------------------------- */

int net_accept(net_listener_t const *listener, net_connection_t *connection) {
  net_sockaddr_t address = {.size = NET_SOCKADDR_SIZE};
  int const fd = accept4(listener->fd, &address.any, &address.size, SOCK_CLOEXEC);
  if (fd < 0) return -1;
  *connection = listener->local;
  if (net_sockaddr_read(&address, &connection->remote_ip, &connection->remote_port,
                        connection->remote_path) < 0)
    return fail(fd);
  if (listener->is_wildcard && net_connection_local(connection, fd) < 0) return fail(fd);
  if (connection->is_unix && net_connection_credentials(connection, fd) < 0) return fail(fd);
  return fd;
}
