#include <string.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "chain/chain.h"
#include "log/log.h"
#include "net/net.h"
#include "sasl-auth.h"

#define LINES_MAX 32
#define FACT_MAX  1024
#define BYTES_MAX 8192

/* What a front may say, and what a checker sees of it. */
static struct {
  char const *fact, *variable;
} const known[] = {
    {"SERVICE", "SASL_SERVICE"},
    {"SESSION_ID", "SESSION_ID"},
    {"REMOTEIP", "TCPREMOTEIP"},
    {"REMOTEPORT", "TCPREMOTEPORT"},
    {"LOCALIP", "TCPLOCALIP"},
    {"LOCALPORT", "TCPLOCALPORT"},
    {"SSL_PROTOCOL", "SSL_PROTOCOL"},
    {"SSL_CIPHER", "SSL_CIPHER"},
    {"SSL_SERVER_END_POINT", "SSL_SERVER_END_POINT"},
    {"SSL_PEER_CERT_HASH", "SSL_PEER_CERT_HASH"},
    {"SSL_PEER_CERT_SUBJECT", "SSL_PEER_CERT_SUBJECT"},
};
#define KNOWN (sizeof known / sizeof *known)

static char const *values[KNOWN]; /* NULL or "": not said */
static char text[BYTES_MAX];
static size_t text_len;

/* ---- from the front ------------------------------------------------------------------------- */

static void keep(char const *line) {
  size_t const name_len = strcspn(line, "="), size = strlen(line) + 1;
  if (!line[name_len]) strerr_dief1x(100, "the front says what is no fact");
  for (size_t i = 0; i < KNOWN; i++) {
    if (strlen(known[i].fact) != name_len || memcmp(known[i].fact, line, name_len)) continue;
    if (size > sizeof text - text_len) strerr_dief1x(100, "too many facts");
    memcpy(text + text_len, line, size);
    values[i] = text + text_len + name_len + 1;
    text_len += size;
  }
}

static void name_session(void) {
  char const *id = facts_get("SESSION_ID");
  log_session(id && chain_id_valid(id) ? id : NULL);
}

void facts_read(void) {
  unsigned int const seconds = (unsigned int)conf.number[CONF_TIMEOUT_AUTH];
  for (unsigned int count = 0;; count++) {
    char const *line = front_read(seconds);
    if (!*line) break;
    if (count == LINES_MAX || strlen(line) > FACT_MAX) strerr_dief1x(100, "too many facts");
    keep(line);
  }
  name_session();
}

char const *facts_get(char const *name) {
  for (size_t i = 0; i < KNOWN; i++)
    if (!strcmp(known[i].fact, name)) return values[i] && *values[i] ? values[i] : NULL;
  return NULL;
}

sasl_channel_t facts_channel(void) {
  unsigned char end_point[64];
  return (sasl_channel_t){.tls = facts_get("SSL_PROTOCOL"),
                          .end_point = facts_end_point(end_point, sizeof end_point),
                          .certificate = facts_get("SSL_PEER_CERT_HASH"),
                          .clear_text = !strcmp(conf.text[CONF_AUTH_CLEAR_TEXT], "yes")};
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t facts_end_point(unsigned char *bytes, size_t size) {
  char const *hex = facts_get("SSL_SERVER_END_POINT");
  size_t const len = hex ? strlen(hex) / 2 : 0;
  if (!hex || strlen(hex) % 2 || len > size) return 0;
  for (size_t i = 0; i < len; i++) {
    int const high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return 0;
    bytes[i] = (unsigned char)(high << 4 | low);
  }
  return len;
}

bool facts_address(ip46 *ip) {
  char const *address = facts_get("REMOTEIP");
  return address && net_address_parse(ip, address) == 0;
}

/* ---- to a checker --------------------------------------------------------------------------- */

#define VARIABLES_MAX 1024 /* that are inherited at most */
#define OWN_MAX       32
#define OWN_BYTES_MAX (BYTES_MAX + 16384)

static char const *variables[VARIABLES_MAX + OWN_MAX + 1];
static size_t variables_count;
static char own[OWN_BYTES_MAX];
static size_t own_len;

/* What a checker, or sasl-ok, would take for a fact of this login. */
static bool is_ours(char const *variable) {
  static char const *const names[] = {"USER", "HOME", "SHELL", "UID", "GID", "AUTH_SENDERS"};
  if (!strncmp(variable, "SASL_", 5) || net_facts_own(variable)) return true;
  size_t const len = strcspn(variable, "=");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen(names[i]) == len && !memcmp(names[i], variable, len)) return true;
  return false;
}

static void add(char const *name, char const *value) {
  if (!value) return;
  char *const to = own + own_len;
  if (strlen(name) + strlen(value) + 2 > sizeof own - own_len)
    strerr_dief1x(101, "a checker's environment is too large");
  own_len += (size_t)(stpcpy(stpcpy(stpcpy(to, name), "="), value) - to) + 1;
  variables[variables_count++] = to;
}

char const *const *environment_make(variable_t const *more) {
  variables_count = own_len = 0;
  for (char **variable = environ; *variable && variables_count < VARIABLES_MAX; variable++)
    if (!is_ours(*variable)) variables[variables_count++] = *variable;
  if (facts_get("REMOTEIP")) add("PROTO", "TCP");
  for (size_t i = 0; i < KNOWN; i++) add(known[i].variable, facts_get(known[i].fact));
  for (; more->name; more++) add(more->name, more->value);
  variables[variables_count] = NULL;
  return variables;
}
