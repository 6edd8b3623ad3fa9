#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "net/net.h"
#include "relay/relay.h"
#include "smtp/smtp.h"

static bool take_host(relay_server_t *server, char const *s, size_t len) {
  if (!len || len > RELAY_HOST_MAX) return false;
  memcpy(server->host, s, len);
  server->host[len] = 0;
  return true;
}

static bool take_address(relay_server_t *server, char const *s, size_t len) {
  static char const prefix[] = "IPv6:";
  size_t const prefix_len = sizeof prefix - 1;
  ip46 ip;
  if (len > prefix_len && smtp_word_is(s, prefix_len, prefix)) {
    s += prefix_len;
    len -= prefix_len;
  }
  server->is_address = true;
  return take_host(server, s, len) && net_address_parse(&ip, server->host) == 0;
}

/* An address without brackets is understood where there is no port to be confused with it. */
static bool take_name(relay_server_t *server, char const *s, size_t len) {
  ip46 ip;
  if (!take_host(server, s, len)) return false;
  server->is_address = net_address_parse(&ip, server->host) == 0;
  return server->is_address || smtp_domain_valid(s, len, SMTP_UTF8);
}

static bool take_port(relay_server_t *server, char const *s) {
  return uint160_scan(s, &server->port) && server->port;
}

/* Where the host ends: at a last colon, which is not within brackets. */
static size_t host_length(char const *text) {
  char const *const bracket = strchr(text, ']');
  char const *const colon = strrchr(bracket ? bracket : text, ':');
  return colon ? (size_t)(colon - text) : strlen(text);
}

int relay_server_parse(relay_server_t *server, char const *text, uint16_t port) {
  static char const unix_prefix[] = "unix:";
  size_t const prefix_len = sizeof unix_prefix - 1;
  *server = (relay_server_t){.port = port};
  if (!strncmp(text, unix_prefix, prefix_len)) {
    server->is_unix = true;
    char const *const path = text + prefix_len;
    return *path == '/' && strlen(path) < NET_PATH_MAX && take_host(server, path, strlen(path))
               ? 0
               : (errno = EINVAL, -1);
  }
  size_t const len = host_length(text);
  bool const good = *text == '['
                        ? len > 2 && text[len - 1] == ']' && take_address(server, text + 1, len - 2)
                        : take_name(server, text, len);
  if (good && (!text[len] || take_port(server, text + len + 1))) return 0;
  return errno = EINVAL, -1;
}
