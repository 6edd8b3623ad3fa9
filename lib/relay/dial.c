#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/net.h"
#include "relay/relay.h"
#include "smtp/smtp.h"

static dns_type_t const types[] = {DNS_AAAA, DNS_A};
enum { TYPES = sizeof types / sizeof *types };

static void add(relay_dial_t *dial, char const *address) {
  if (net_address_parse(&dial->addresses[dial->count], address) == 0) dial->count++;
}

int relay_dial_start(relay_dial_t *dial, relay_server_t const *server) {
  char name[DNS_NAME_MAX + 1];
  *dial = (relay_dial_t){.server = *server};
  if (server->is_unix) return 0;
  if (server->is_address) return add(dial, server->host), 0;
  if (smtp_word_is(server->host, strlen(server->host), "localhost")) /* RFC 6761, 6.3 */
    return add(dial, "::1"), add(dial, "127.0.0.1"), 0;
  if (dns_name_to_ascii(name, server->host, strlen(server->host)) < 0) return -1;
  stpcpy(dial->server.host, name);
  dial->resolver = dns_open(NULL);
  if (!dial->resolver) return -1;
  for (size_t i = 0; i < TYPES; i++) dns_prefetch(dial->resolver, name, types[i]);
  return 0;
}

static void add_records(relay_dial_t *dial, dns_answer_t const *answer) {
  for (size_t i = 0; i < answer->count && dial->count < RELAY_ADDRESSES_MAX; i++)
    dial->addresses[dial->count++] = answer->records[i].ip;
}

int relay_dial_step(relay_dial_t *dial) {
  dns_answer_t const *answers[TYPES];
  bool trouble = false;
  if (!dial->resolver) return 1;
  for (size_t i = 0; i < TYPES; i++) {
    answers[i] = dns_peek(dial->resolver, dial->server.host, types[i]);
    if (!answers[i]) return 0;
  }
  for (size_t i = 0; i < TYPES; i++) {
    if (answers[i]->status == DNS_FOUND) add_records(dial, answers[i]);
    if (answers[i]->status == DNS_TROUBLE) trouble = true;
  }
  relay_dial_end(dial);
  return dial->count ? 1 : (errno = trouble ? EAGAIN : ENOENT, -1);
}

int relay_dial_finish(relay_dial_t *dial) {
  struct pollfd fds[DNS_SOCKETS_MAX];
  int result, ms;
  while (!(result = relay_dial_step(dial))) {
    size_t const count = dns_wait(dial->resolver, fds, &ms);
    if (poll(fds, count, ms) < 0) continue;
    dns_step(dial->resolver, fds, count);
  }
  return result < 0 ? -1 : 0;
}

/* Nothing but confine refuses a process a port in this way. */
char const *relay_port_error(int error) {
  return error == EACCES ? "Permission denied: no profile names this port, see confine(8), -c"
                         : strerror(error);
}

void relay_dial_end(relay_dial_t *dial) {
  if (dial->resolver) dns_close(dial->resolver);
  dial->resolver = NULL;
}

/* ---- sockets ---- */

typedef union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
} address_t;

static socklen_t make_address(address_t *address, ip46 const *ip, uint16_t port) {
  memset(address, 0, sizeof *address);
  if (ip46_is6(ip)) {
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    memcpy(&address->v6.sin6_addr, ip->ip, sizeof address->v6.sin6_addr);
    return sizeof address->v6;
  }
  address->v4.sin_family = AF_INET;
  address->v4.sin_port = htons(port);
  memcpy(&address->v4.sin_addr, ip->ip, sizeof address->v4.sin_addr);
  return sizeof address->v4;
}

static socklen_t make_local(address_t *address, char const *path) {
  memset(address, 0, sizeof *address);
  address->local.sun_family = AF_UNIX;
  memcpy(address->local.sun_path, path, strnlen(path, sizeof address->local.sun_path - 1));
  return sizeof address->local;
}

static int begin_connection(address_t const *address, socklen_t len) {
  int const fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, &address->any, len) == 0 || errno == EINPROGRESS) return fd;
  int const error = errno;
  close(fd);
  return errno = error, -1;
}

int relay_dial_next(relay_dial_t *dial) {
  address_t address;
  size_t const count = dial->server.is_unix ? 1 : dial->count;
  if (dial->next >= count) return errno = ENOENT, -1;
  size_t const at = dial->next++;
  socklen_t const len = dial->server.is_unix
                            ? make_local(&address, dial->server.host)
                            : make_address(&address, &dial->addresses[at], dial->server.port);
  return begin_connection(&address, len);
}
