/* checkpassword-dovecot: see checkpassword-dovecot(8). */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/env.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "dovecot/dovecot.h"
#include "log/log.h"
#include "shared/checker.h"
#include "users/users.h"

#define USAGE           "checkpassword-dovecot [-f socket] [-s service] [-t seconds] program..."
#define SOCKET_DEFAULT  "/run/dovecot/auth-client"
#define SECONDS_DEFAULT 30
#define SECONDS_MAX     3600

char const *PROG = "checkpassword-dovecot";

typedef struct options {
  char const *socket, *service;
  unsigned int seconds;
} options_t;

/* ---- the connection -------------------------------------------------------------------------- */

typedef struct connection {
  int fd;
  size_t start, end; /* what was read and not taken yet */
  char bytes[DOVECOT_LINE_MAX];
} connection_t;

static void out_of_time(int signal) {
  static char const text[] = "checkpassword-dovecot: fatal: no answer in time\n";
  ssize_t const ignored = write(2, text, sizeof text - 1);
  (void)signal, (void)ignored;
  _exit(CHECKER_TEMPORARY);
}

static void open_connection(connection_t *connection, char const *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) checker_usage('?', USAGE);
  strcpy(address.sun_path, path);
  connection->start = connection->end = 0;
  connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection->fd < 0 ||
      connect(connection->fd, (struct sockaddr const *)&address, sizeof address) < 0)
    strerr_diefu2sys(CHECKER_TEMPORARY, "connect to ", path);
}

static void send_text(connection_t *connection, char *text, ssize_t len) {
  if (len < 0) strerr_diefu1sys(CHECKER_TEMPORARY, "write the question");
  if (allwrite(connection->fd, text, (size_t)len) < (size_t)len)
    strerr_diefu1sys(CHECKER_TEMPORARY, "ask Dovecot");
  explicit_bzero(text, (size_t)len);
}

static void fill(connection_t *connection) {
  memmove(connection->bytes, connection->bytes + connection->start,
          connection->end - connection->start);
  connection->end -= connection->start;
  connection->start = 0;
  size_t const room = sizeof connection->bytes - connection->end;
  if (!room) strerr_dief1x(CHECKER_TEMPORARY, "Dovecot's line is too long");
  ssize_t const count = fd_read(connection->fd, connection->bytes + connection->end, room);
  if (count < 0) strerr_diefu1sys(CHECKER_TEMPORARY, "hear from Dovecot");
  if (!count) strerr_dief1x(CHECKER_TEMPORARY, "Dovecot has closed the connection");
  connection->end += (size_t)count;
}

/* The next line, until the one after it is asked for. Its newline may be overwritten. */
static char *next_line(connection_t *connection, size_t *len) {
  char *newline;
  while (!(newline = memchr(connection->bytes + connection->start, '\n',
                            connection->end - connection->start)))
    fill(connection);
  char *const line = connection->bytes + connection->start;
  *len = (size_t)(newline - line);
  connection->start += *len + 1;
  return line;
}

/* The next answer that says something. */
static dovecot_answer_t next_answer(connection_t *connection, dovecot_reply_t *reply) {
  dovecot_answer_t answer = DOVECOT_IGNORED;
  while (answer == DOVECOT_IGNORED) {
    size_t len;
    char *const line = next_line(connection, &len);
    answer = dovecot_line_parse(reply, line, len);
  }
  return answer;
}

/* ---- the question ---------------------------------------------------------------------------- */

static void ask(connection_t *connection, char const *service, credentials_t const *credentials) {
  char text[DOVECOT_LINE_MAX];
  dovecot_request_t const request = {.service = service,
                                     .login = credentials->login,
                                     .password = credentials->secret,
                                     .session = getenv("SESSION_ID"),
                                     .local_ip = ucspi_get("LOCALIP"),
                                     .local_port = ucspi_get("LOCALPORT"),
                                     .remote_ip = ucspi_get("REMOTEIP"),
                                     .remote_port = ucspi_get("REMOTEPORT"),
                                     .secured = !!getenv("SSL_PROTOCOL")};
  send_text(connection, text, dovecot_request_format(text, sizeof text, &request));
}

static dovecot_answer_t converse(connection_t *connection, options_t const *options,
                                 credentials_t const *credentials, dovecot_reply_t *reply) {
  char hello[64];
  open_connection(connection, options->socket);
  send_text(connection, hello, dovecot_hello_format(hello, sizeof hello, getpid()));
  dovecot_answer_t const answer = next_answer(connection, reply);
  if (answer != DOVECOT_READY) return answer == DOVECOT_RIGHT ? DOVECOT_BROKEN : answer;
  ask(connection, options->service, credentials);
  return next_answer(connection, reply);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void tell_reason(dovecot_reply_t const *reply) {
  log_line_t line;
  if (!reply->reason) return;
  log_start(&line, PROG, "refuse");
  log_str(&line, "reason", reply->reason);
  log_send(&line);
}

static _Noreturn void end(dovecot_answer_t answer, dovecot_reply_t const *reply,
                          char const *const *argv) {
  switch (answer) {
  case DOVECOT_RIGHT: break;
  case DOVECOT_WRONG: tell_reason(reply); _exit(CHECKER_WRONG);
  case DOVECOT_TEMPORARY:
    tell_reason(reply);
    strerr_dief1x(CHECKER_TEMPORARY, "Dovecot has a temporary failure");
  default: strerr_dief1x(CHECKER_TEMPORARY, "this is not Dovecot's auth protocol 1");
  }
  if (!users_name_valid(reply->user, strlen(reply->user)))
    strerr_dief1x(CHECKER_TEMPORARY, "Dovecot's user has a name that cannot be told");
  checker_account_t const account = {.name = reply->user};
  checker_pass(&account, argv);
}

/* Dovecot makes the challenges of its mechanisms itself. */
static void check_mechanism(void) {
  char const *const mechanism = getenv("SASL_MECHANISM");
  if (mechanism && (!strcmp(mechanism, "CRAM-MD5") || !strcmp(mechanism, "APOP")))
    strerr_dief2x(CHECKER_TEMPORARY, "Dovecot cannot be asked about ", mechanism);
}

static void options_read(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "f:s:t:h", &state)) != -1;) switch (option) {
    case 'f': options->socket = state.arg; break;
    case 's': options->service = state.arg; break;
    case 't':
      if (!uint0_scan(state.arg, &options->seconds)) checker_usage('?', USAGE);
      break;
    default: checker_usage(option, USAGE);
    }
  *argv += state.ind;
  if (!**argv || !options->seconds || options->seconds > SECONDS_MAX) checker_usage('?', USAGE);
}

int main(int argc, char const *const *argv) {
  static connection_t connection;
  char const *const service = getenv("SASL_SERVICE");
  options_t options = {.socket = SOCKET_DEFAULT,
                       .service = service && *service ? service : "smtp",
                       .seconds = SECONDS_DEFAULT};
  credentials_t credentials;
  dovecot_reply_t reply = {.user = NULL};
  options_read(&options, argc, &argv);
  check_mechanism();
  signal(SIGALRM, out_of_time);
  signal(SIGPIPE, SIG_IGN);
  alarm(options.seconds);
  checker_read(&credentials);
  dovecot_answer_t const answer = converse(&connection, &options, &credentials, &reply);
  alarm(0);
  signal(SIGPIPE, SIG_DFL);
  credentials_wipe(&credentials);
  end(answer, &reply, argv);
}
