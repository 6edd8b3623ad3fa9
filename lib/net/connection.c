/* What is known of a connection, and its names in the environment. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <skalibs/types.h>

#include "net/internal.h"

/* ---- addresses ------------------------------------------------------------------------------- */

/* An unnamed or abstract socket has no path. */
static void copy_path(char path[NET_PATH_MAX], struct sockaddr_un const *un, size_t size) {
  size_t const offset = offsetof(struct sockaddr_un, sun_path);
  size_t const len = size > offset ? strnlen(un->sun_path, size - offset) : 0;
  size_t const kept = len < NET_PATH_MAX ? len : NET_PATH_MAX - 1;
  memcpy(path, un->sun_path, kept);
  path[kept] = 0;
}

int net_sockaddr_read(net_sockaddr_t const *address, ip46 *ip, uint16_t *port,
                      char path[NET_PATH_MAX]) {
  switch (address->any.sa_family) {
  case AF_INET:
    ip46_from_ip4(ip, (char const *)&address->in.sin_addr);
    *port = ntohs(address->in.sin_port);
    return 0;
  case AF_INET6:
    ip46_from_ip6(ip, (char const *)&address->in6.sin6_addr);
    net_address_unmap(ip);
    *port = ntohs(address->in6.sin6_port);
    return 0;
  case AF_UNIX: copy_path(path, &address->un, address->size); return 0;
  default: return errno = EAFNOSUPPORT, -1;
  }
}

int net_connection_local(net_connection_t *connection, int fd) {
  net_sockaddr_t address = {.size = NET_SOCKADDR_SIZE};
  if (getsockname(fd, &address.any, &address.size) < 0) return -1;
  connection->is_unix = address.any.sa_family == AF_UNIX;
  return net_sockaddr_read(&address, &connection->local_ip, &connection->local_port,
                           connection->local_path);
}

int net_connection_credentials(net_connection_t *connection, int fd) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -1;
  connection->uid = peer.uid;
  connection->gid = peer.gid;
  return 0;
}

int net_connection_inspect(net_connection_t *connection, int fd) {
  net_sockaddr_t address = {.size = NET_SOCKADDR_SIZE};
  *connection = (net_connection_t){.number = 0};
  if (getpeername(fd, &address.any, &address.size) < 0) return -1;
  if (net_sockaddr_read(&address, &connection->remote_ip, &connection->remote_port,
                        connection->remote_path) < 0)
    return -1;
  if (net_connection_local(connection, fd) < 0) return -1;
  return connection->is_unix ? net_connection_credentials(connection, fd) : 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A final * stands for the rest of a name. UCSPITLS, DATABYTES and the like are not here: they are
   an administrator's wishes, not facts. */
static char const *const own_names[] = {
    "PROTO",      "SESSION_ID", "RELAYCLIENT", "TCPLOCAL*",      "TCPREMOTE*",    "TCPCONNNUM",
    "IPCLOCAL*",  "IPCREMOTE*", "IPCCONNNUM",  "SSL_*",          "SSLCTLFD",      "SSLREADFD",
    "SSLWRITEFD", "LISTEN_PID", "LISTEN_FDS",  "LISTEN_FDNAMES", "NOTIFY_SOCKET",
};

static bool name_matches(char const *pattern, char const *variable) {
  while (*pattern && *pattern != '*' && *pattern == *variable) pattern++, variable++;
  return *pattern == '*' || (!*pattern && (!*variable || *variable == '='));
}

bool net_facts_own(char const *variable) {
  for (size_t i = 0; i < sizeof own_names / sizeof *own_names; i++)
    if (name_matches(own_names[i], variable)) return true;
  return false;
}

/* ---- facts ----------------------------------------------------------------------------------- */

typedef struct writer {
  net_facts_t *facts;
  size_t len;
} writer_t;

static void put(writer_t *writer, char const *s, size_t len) {
  memcpy(writer->facts->text + writer->len, s, len);
  writer->len += len;
}

/* Begins the next string with "NAME=". */
static void put_name(writer_t *writer, char const *name) {
  writer->facts->strings[writer->facts->count++] = writer->facts->text + writer->len;
  put(writer, name, strlen(name));
}

static void put_text(writer_t *writer, char const *name, char const *value) {
  put_name(writer, name);
  put(writer, value, strlen(value) + 1);
}

static void put_number(writer_t *writer, char const *name, unsigned int value) {
  put_name(writer, name);
  writer->len += uint_fmt(writer->facts->text + writer->len, value);
  put(writer, "", 1);
}

static void put_ip(writer_t *writer, char const *name, ip46 const *ip) {
  put_name(writer, name);
  writer->len += ip46_fmt(writer->facts->text + writer->len, ip);
  put(writer, "", 1);
}

static void put_tcp(writer_t *writer, net_connection_t const *connection) {
  put_text(writer, "PROTO=", "TCP");
  put_ip(writer, "TCPLOCALIP=", &connection->local_ip);
  put_number(writer, "TCPLOCALPORT=", connection->local_port);
  put_ip(writer, "TCPREMOTEIP=", &connection->remote_ip);
  put_number(writer, "TCPREMOTEPORT=", connection->remote_port);
  if (connection->number) put_number(writer, "TCPCONNNUM=", connection->number);
}

static void put_ipc(writer_t *writer, net_connection_t const *connection) {
  put_text(writer, "PROTO=", "IPC");
  put_text(writer, "IPCLOCALPATH=", connection->local_path);
  put_text(writer, "IPCREMOTEPATH=", connection->remote_path);
  put_number(writer, "IPCREMOTEEUID=", connection->uid);
  put_number(writer, "IPCREMOTEEGID=", connection->gid);
  if (connection->number) put_number(writer, "IPCCONNNUM=", connection->number);
}

void net_facts_make(net_facts_t *facts, net_connection_t const *connection) {
  writer_t writer = {facts, 0};
  facts->count = 0;
  if (connection->is_unix)
    put_ipc(&writer, connection);
  else
    put_tcp(&writer, connection);
  put_text(&writer, "SESSION_ID=", connection->id);
}
