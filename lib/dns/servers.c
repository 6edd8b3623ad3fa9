#include "dns/servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_CONF_MAX 8191 /* bytes that are looked at */
#define PORT            53
#define BLANKS          " \t,"

static void add(dns_servers_t *servers, dns_server_t const *server) {
  if (servers->count < DNS_SERVERS_MAX) servers->list[servers->count++] = *server;
}

/* Splits "[address]:port", "v4:port" and what has no port: at its colon, if it has one alone. */
static bool parse_server(dns_server_t *server, char const *s, size_t len) {
  char address[IP46_FMT + 1];
  size_t end = len;
  char const *port = NULL;
  server->port = PORT;
  if (len && *s == '[') {
    s++;
    char const *bracket = memchr(s, ']', --len);
    if (!bracket) return false;
    end = (size_t)(bracket - s);
    if (end + 1 < len) port = bracket + 1;
  } else {
    port = memchr(s, ':', len);
    if (port && memchr(port + 1, ':', len - (size_t)(port + 1 - s))) port = NULL;
    if (port) end = (size_t)(port - s);
  }
  if (end >= sizeof address) return false;
  memcpy(address, s, end);
  address[end] = 0;
  if (ip46_scan(address, &server->ip) != end || !end) return false;
  if (!port) return true;
  size_t digits = len - (size_t)(port + 1 - s);
  return *port == ':' && digits && uint16_scan(port + 1, &server->port) == digits && server->port;
}

int dns_servers_parse(dns_servers_t *servers, char const *s) {
  servers->count = 0;
  for (s += strspn(s, BLANKS); *s; s += strspn(s, BLANKS)) {
    size_t len = strcspn(s, BLANKS);
    dns_server_t server;
    if (!parse_server(&server, s, len)) {
      servers->count = 0;
      break;
    }
    add(servers, &server);
    s += len;
  }
  if (servers->count) return 0;
  errno = EINVAL;
  return -1;
}

void dns_servers_of_conf(dns_servers_t *servers, char const *text) {
  static char const keyword[] = "nameserver";
  servers->count = 0;
  for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
    if (strncmp(text, keyword, sizeof keyword - 1) != 0) continue;
    char const *s = text + sizeof keyword - 1;
    size_t blanks = strspn(s, " \t"), len = strcspn(s + blanks, " \t\r\n");
    dns_server_t server;
    if (blanks && parse_server(&server, s + blanks, len)) add(servers, &server);
  }
}

int dns_servers_find(dns_servers_t *servers, char const *setting) {
  char text[RESOLV_CONF_MAX + 1];
  if (!setting) setting = getenv("DNSCACHEIP");
  if (setting) return dns_servers_parse(servers, setting);
  ssize_t len = openreadnclose(RESOLV_CONF, text, sizeof text - 1);
  text[len > 0 ? len : 0] = 0;
  dns_servers_of_conf(servers, text);
  return servers->count ? 0 : dns_servers_parse(servers, "127.0.0.1");
}
