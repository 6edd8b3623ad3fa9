#include "tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/types.h>

#include "session.h"

/* ---- the provider's descriptors (UCSPI-TLS) ---- */

/* Takes the descriptor that a variable names; the chain's links must not have it. -1: none. */
static int take_fd(char const *name) {
  char const *value = getenv(name);
  unsigned int fd;
  if (!value || !uint0_scan(value, &fd) || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) return -1;
  return (int)fd;
}

static bool take_provider(session_t *session) {
  session->tls_fds.control = take_fd("SSLCTLFD");
  session->tls_fds.read = take_fd("SSLREADFD");
  session->tls_fds.write = take_fd("SSLWRITEFD");
  return session->tls_fds.control >= 0 && session->tls_fds.read >= 0 && session->tls_fds.write >= 0;
}

static tls_state_t find_state(session_t *session, char const *wish) {
  if (wish && !strcmp(wish, "-")) return TLS_NONE;
  if (!take_provider(session)) return getenv("SSL_PROTOCOL") ? TLS_ACTIVE : TLS_NONE;
  return wish && !strcmp(wish, "!") ? TLS_REQUIRED : TLS_OFFERED;
}

int tls_init(session_t *session) {
  char const *wish = getenv("UCSPITLS");
  bool required = wish && !strcmp(wish, "!");
  session->tls = find_state(session, wish);
  environment_drop("SSLCTLFD=");
  environment_drop("SSLREADFD=");
  environment_drop("SSLWRITEFD=");
  environment_drop("UCSPITLS=");
  return required && session->tls == TLS_NONE ? errno = ENOTCONN, -1 : 0;
}

/* ---- what the provider tells after the handshake ---- */

/* NAME=value sets, NAME alone unsets. */
static void take_record(session_t *session, char const *record) {
  if (strchr(record, '='))
    facts_set(&session->connection_facts, record);
  else
    environment_unset(session, record);
}

static void take_records(session_t *session, char const *records, size_t len) {
  char const *record;
  for (size_t at = 0; (record = tls_records_next(records, len, &at));) take_record(session, record);
}

/* Asks for TLS and reads the answer, which comes when the handshake is done. NULL, or why not. */
static char const *handshake(session_t *session, char *records, size_t *records_len) {
  int fd = session->tls_fds.control;
  int64_t deadline =
      clock_milliseconds() + (int64_t)session->conf.number[CONF_TIMEOUT_COMMAND] * 1000;
  wire_limit_reads(&session->wire, 0); /* the socket's timeout would be the provider's, too */
  if (fd_write(fd, "Y", 1) != 1) return "no TLS provider";
  size_t len = 0;
  while (!tls_records_complete(records, len)) {
    if (len == TLS_RECORDS_BYTES) return "too many bytes from the TLS provider";
    if (wire_wait(&session->wire, fd, POLLIN, deadline)) return "handshake timed out";
    ssize_t n = read(fd, records + len, TLS_RECORDS_BYTES - len);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return len ? "handshake failed" : "TLS provider declined";
    len += (size_t)n;
  }
  *records_len = len;
  return NULL;
}

/* ---- STARTTLS (RFC 3207) ---- */

reply_name_t check_starttls(session_t *session, argument_t argument) {
  if (argument.len) return REPLY_ARGUMENT_UNWANTED;
  if (session->tls == TLS_ACTIVE) return REPLY_TLS_ALREADY;
  return extension_offered(session, EXTENSION_STARTTLS) ? REPLY_NONE : REPLY_NOT_IMPLEMENTED;
}

static reply_t drop(session_t *session, char const *reason) {
  log_line_t line;
  log_start(&line, PROGRAM, "tls");
  log_str(&line, "verdict", "dropped");
  log_str(&line, "reason", reason);
  log_send(&line);
  session_end(session, "starttls");
  return (reply_t){0};
}

/* From now on the provider owns the socket; our copies of it are gone, so that the client sees the
   connection end when the provider closes it. */
static int switch_descriptors(session_t *session) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0) return -1;
  close(null);
  int control = session->tls_fds.control;
  session->wire.in = session->tls_fds.read;
  session->wire.out = session->tls_fds.write;
  session_limit_reads(session);
  if (control != session->wire.in && control != session->wire.out) close(control);
  session->tls = TLS_ACTIVE;
  return 0;
}

static void log_tls(session_t const *session) {
  static char const *const names[][2] = {
      {"version", "SSL_PROTOCOL"}, {"cipher", "SSL_CIPHER"}, {"sni", "SSL_TLS_SNI_SERVERNAME"}};
  log_line_t line;
  log_start(&line, PROGRAM, "tls");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char const *value = environment_get(session, names[i][1]);
    if (value) log_str(&line, names[i][0], value);
  }
  log_send(&line);
}

reply_t proceed_starttls(session_t *session, argument_t argument) {
  (void)argument;
  static char records[TLS_RECORDS_BYTES];
  size_t len;
  wire_t *wire = &session->wire;
  if (wire->start != wire->end) return drop(session, "input behind STARTTLS");
  reply_t const ready = reply_get(REPLY_STARTTLS, NULL);
  session_reply(session, &ready);
  if (wire_flush(wire)) return drop(session, "client gone");
  char const *reason = handshake(session, records, &len);
  if (reason) return drop(session, reason);
  session_forget(session);
  take_records(session, records, len);
  if (switch_descriptors(session) < 0) return drop(session, "cannot switch descriptors");
  log_tls(session);
  return (reply_t){0};
}
