#include <errno.h>
#include <string.h>

#include "session.h"

#define INTRODUCTION_BYTES 4096
#define INTRODUCTION_FACTS 16

static sasl_service_t service;
static bool opened;

/* Who asks, and what is known of the connection. */
typedef struct introduction {
  size_t count, len;
  char const *facts[INTRODUCTION_FACTS + 1];
  char bytes[INTRODUCTION_BYTES];
} introduction_t;

/* What cannot be said in a line is not said. */
static void introduce(introduction_t *introduction, char const *name, char const *value) {
  if (!value || strpbrk(value, "\r\n") || introduction->count == INTRODUCTION_FACTS) return;
  size_t size = strlen(name) + 1 + strlen(value) + 1;
  if (size > INTRODUCTION_BYTES - introduction->len) return;
  char *fact = introduction->bytes + introduction->len;
  stpcpy(stpcpy(stpcpy(fact, name), "="), value);
  introduction->facts[introduction->count++] = fact;
  introduction->len += size;
}

static void introduce_session(introduction_t *introduction, session_t const *session) {
  static char const *const ends[] = {"REMOTEIP", "REMOTEPORT", "LOCALIP", "LOCALPORT"};
  static char const *const tls[] = {"SSL_PROTOCOL", "SSL_CIPHER", "SSL_SERVER_END_POINT",
                                    "SSL_PEER_CERT_HASH", "SSL_PEER_CERT_SUBJECT"};
  introduce(introduction, "SERVICE", "smtp");
  introduce(introduction, "SESSION_ID", session->id);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    introduce(introduction, ends[i], environment_ucspi(session, ends[i]));
  for (size_t i = 0; session->tls == TLS_ACTIVE && i < sizeof tls / sizeof *tls; i++)
    introduce(introduction, tls[i], environment_get(session, tls[i]));
}

/* The socket's path: as given, or the usual one. */
static char const *find_socket(session_t const *session) {
  static char path[4096];
  char const *directory = conf_run(), *given = session->options.auth_socket;
  if (given || strlen(directory) + sizeof "/auth" > sizeof path) return given;
  strcpy(stpcpy(path, directory), "/auth");
  return path;
}

static void log_trouble(char const *path, int error) {
  log_line_t line;
  log_start(&line, PROGRAM, "auth-service");
  log_str(&line, "socket", path);
  log_errno(&line, error);
  log_send(&line);
}

/* No step may take longer than the session has. */
static unsigned int find_patience(session_t const *session) {
  int64_t left = session->wire.session_end - clock_milliseconds();
  int64_t usual = (int64_t)session->conf.number[CONF_TIMEOUT_AUTH] * 1000;
  if (left < 0) left = 0;
  return (unsigned int)(left < usual ? left : usual);
}

sasl_service_t *service_open(session_t const *session) {
  introduction_t introduction = {.len = 0};
  char const *path = find_socket(session);
  introduce_session(&introduction, session);
  errno = ENAMETOOLONG;
  opened = path && !sasl_service_open(&service, path, introduction.facts, find_patience(session));
  if (opened) return &service;
  log_trouble(path ? path : conf_run(), errno);
  return NULL;
}

void service_close(void) {
  if (opened) sasl_service_close(&service);
  opened = false;
}
