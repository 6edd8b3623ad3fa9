#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "mx/mx.h"
#include "net/net.h"
#include "smtp/smtp.h"

static bool take_domain(mx_destination_t *destination, char const *s, size_t len) {
  if (len && s[len - 1] == '.') len--;
  if (!len || dns_name_to_ascii(destination->host, s, len) < 0) return false;
  return smtp_domain_valid(destination->host, strlen(destination->host), SMTP_ASCII);
}

static bool take_address(mx_destination_t *destination, char const *s, size_t len) {
  static char const prefix[] = "IPv6:";
  size_t const prefix_len = sizeof prefix - 1;
  if (len > prefix_len && smtp_word_is(s, prefix_len, prefix)) {
    s += prefix_len;
    len -= prefix_len;
  }
  if (len > DNS_NAME_MAX) return false;
  memcpy(destination->host, s, len);
  destination->host[len] = 0;
  if (net_address_parse(&destination->ip, destination->host) < 0) return false;
  destination->kind = MX_ADDRESS;
  return true;
}

/* What stands in brackets, or before a port. */
static bool take_host(mx_destination_t *destination, char const *s, size_t len) {
  destination->kind = MX_HOST;
  return take_address(destination, s, len) || take_domain(destination, s, len);
}

static bool take_port(mx_destination_t *destination, char const *s) {
  destination->is_server = true;
  return uint160_scan(s, &destination->port) && destination->port;
}

int mx_destination_parse(mx_destination_t *destination, char const *text, uint16_t port) {
  bool good;
  *destination = (mx_destination_t){.kind = MX_DOMAIN, .port = port};
  char const *const end = *text == '[' ? strchr(text, ']') : NULL, *colon = strchr(text, ':');
  if (end) {
    good = take_host(destination, text + 1, (size_t)(end - text - 1)) &&
           (!end[1] || (end[1] == ':' && take_port(destination, end + 2)));
  } else if (colon) {
    good =
        take_host(destination, text, (size_t)(colon - text)) && take_port(destination, colon + 1);
  } else {
    good = take_domain(destination, text, strlen(text));
  }
  return good ? 0 : (errno = EINVAL, -1);
}
