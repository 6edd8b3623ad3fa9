#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/env.h>
#include <skalibs/types.h>

#include "net/net.h"
#include "policy/policy.h"

#define TIME_MAX  600000 /* milliseconds */
#define QUERY_MAX 2000

static char const separators[] = ", \t\n";

/* ---- lists ---- */

static void blank_comments(char *s) {
  while ((s = strchr(s, '#')))
    while (*s && *s != '\n') *s++ = ' ';
}

static char *read_text(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return NULL;
  if (status.st_size > POLICY_LIST_MAX) return errno = EFBIG, NULL;
  size_t size = (size_t)status.st_size;
  char *text = malloc(size + 1);
  if (!text) return NULL;
  errno = 0;
  size_t len = allread(fd, text, size);
  if (len < size && errno) return free(text), NULL;
  text[len] = 0;
  if (strlen(text) < len) return free(text), errno = EINVAL, NULL;
  blank_comments(text);
  return text;
}

char const *policy_list(char const *argument) {
  if (*argument != '/') return argument;
  int fd = open(argument, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  char *text = read_text(fd);
  int error = errno;
  close(fd);
  errno = error;
  return text;
}

static bool domain_matches(char const *entry, size_t len, char const *domain) {
  size_t domain_len = strlen(domain);
  if (*entry != '.') return len == domain_len && !strncasecmp(entry, domain, len);
  return domain_len > len && !strncasecmp(entry, domain + domain_len - len, len);
}

bool policy_list_has_domain(char const *list, char const *domain) {
  for (list += strspn(list, separators); *list; list += strspn(list, separators)) {
    size_t len = strcspn(list, separators);
    if (domain_matches(list, len, domain)) return true;
    list += len;
  }
  return false;
}

/* ---- options ---- */

void policy_time(policy_settings_t *settings, unsigned int ms) {
  settings->dns.total_ms = ms;
  settings->dns.query_ms = ms < 3 * QUERY_MAX ? (ms + 2) / 3 : QUERY_MAX;
}

static int set_time(policy_settings_t *settings, char const *s) {
  unsigned int ms;
  if (!uint0_scan(s, &ms) || !ms || ms > TIME_MAX) return errno = EINVAL, -1;
  policy_time(settings, ms);
  return 1;
}

int policy_option(policy_settings_t *settings, int option, char const *argument) {
  switch (option) {
  case 'a': settings->everyone = true; return 1;
  case 'n': return (settings->networks = policy_list(argument)) ? 1 : -1;
  case 's': settings->dns.servers = argument; return 1;
  case 't': return set_time(settings, argument);
  default: return 0;
  }
}

/* ---- the client ---- */

int policy_client(ip46 *ip) {
  char const *address = ucspi_get("REMOTEIP");
  if (!address || !*address) return errno = ENOENT, -1;
  return net_address_parse(ip, address);
}

char const *policy_exemption(policy_settings_t const *settings, ip46 const *ip, bool *bad) {
  char const *user = getenv("SMTP_AUTH_USER");
  *bad = false;
  if (!settings->everyone && getenv("RELAYCLIENT")) return "relay-client";
  if (!settings->everyone && user && *user) return "authenticated";
  if (!ip) return "no-address";
  int found = settings->networks ? net_list_contains(settings->networks, ip) : 0;
  *bad = found < 0;
  return found > 0 ? "network" : NULL;
}

void policy_printable(char *out, size_t size, char const *s, size_t len) {
  if (len > size - 1) len = size - 1;
  for (size_t i = 0; i < len; i++) out[i] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
  out[len] = 0;
}
