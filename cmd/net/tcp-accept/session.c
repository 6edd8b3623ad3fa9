#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "log/log.h"
#include "tcp-accept.h"

/* ---- preparing ------------------------------------------------------------------------------- */

static void choose_texts(server_t *server, bool is_unix) {
  settings_t const *const settings = server->settings;
  char const **const texts = server->texts[is_unix];
  char const *protocol = settings->protocol;
  if (!protocol) protocol = is_unix ? "none" : "smtp";
  if (net_refusal_texts(server->texts[is_unix], protocol) < 0)
    strerr_dief2x(100, "unknown protocol: ", protocol);
  if (settings->busy) texts[NET_BUSY] = settings->busy;
  if (settings->denied) texts[NET_DENIED] = settings->denied;
}

/* Rules that are no good at the start are the administrator's to see at once. */
static void read_rules(net_rules_t *rules) {
  char text[NET_RULES_ERROR_MAX];
  if (net_rules_refresh(rules) == 0) return;
  net_rules_error_text(text, rules->path, &rules->error, rules->status);
  strerr_dief2x(111, "unable to use the rules: ", text);
}

void server_init(server_t *server, settings_t const *settings) {
  server->settings = settings;
  choose_texts(server, false);
  choose_texts(server, true);
  net_rules_init_private(&server->rules, settings->rules_path);
  if (settings->rules_path) read_rules(&server->rules);
  if (net_sessions_init(&server->sessions, settings->sessions_max) < 0 ||
      environment_init(&server->environment, (char const *const *)environ, settings->drop_root) < 0)
    strerr_diefu1sys(111, "get memory for the sessions");
  if (chain_find(settings->next[0], server->next, sizeof server->next) < 0)
    strerr_diefu2sys(errno == ENOENT ? 127 : 126, "find ", settings->next[0]);
}

/* ---- log ------------------------------------------------------------------------------------- */

static void log_count(log_line_t *line, char const *key, unsigned int count, unsigned int max) {
  char text[2 * UINT_FMT];
  size_t len = uint_fmt(text, count);
  text[len++] = '/';
  len += uint_fmt(text + len, max);
  log_bytes(line, key, text, len);
}

static void log_counts(log_line_t *line, server_t const *server, unsigned int from) {
  log_count(line, "count", server->sessions.count, server->sessions.max);
  log_count(line, "host_count", from, server->settings->from_max);
}

static void log_remote(log_line_t *line, net_connection_t const *connection) {
  char ip[IP46_FMT];
  if (connection->is_unix) {
    log_uint(line, "uid", connection->uid);
    return;
  }
  log_bytes(line, "remote", ip, ip46_fmt(ip, &connection->remote_ip));
  log_uint(line, "port", connection->remote_port);
}

static void log_accept(server_t const *server, net_connection_t const *connection, pid_t pid) {
  log_line_t line;
  log_start(&line, PROG, "accept");
  log_remote(&line, connection);
  if (connection->is_unix)
    log_str(&line, "path", connection->local_path);
  else
    log_uint(&line, "local_port", connection->local_port);
  log_uint(&line, "pid", (uint64_t)pid);
  log_counts(&line, server, connection->number);
  log_send(&line);
}

/* ---- refusing -------------------------------------------------------------------------------- */

/* A client at the door: what is known of it and what it is let in with. */
typedef struct visit {
  int fd;
  net_connection_t connection;
  net_origin_t origin;
  net_rule_t rule;
} visit_t;

/* What the client is told, and what the log. */
typedef struct refusal {
  net_refusal_t text;
  char const *reason;
  int error;                       /* an errno, or 0 */
  net_rules_error_t const *detail; /* or NULL */
} refusal_t;

static void refuse(server_t const *server, visit_t const *visit, refusal_t refusal) {
  net_rules_error_t const *const detail = refusal.detail;
  log_line_t line;
  net_refuse(visit->fd, server->texts[visit->connection.is_unix][refusal.text]);
  log_start(&line, PROG, "refuse");
  log_remote(&line, &visit->connection);
  log_str(&line, "reason", refusal.reason);
  if (refusal.text == NET_DENIED) log_str(&line, "rule", visit->rule.key);
  if (refusal.error) log_errno(&line, refusal.error);
  if (detail && detail->line) log_uint(&line, "line", detail->line);
  if (detail && detail->reason) log_str(&line, "detail", detail->reason);
  log_counts(&line, server, visit->connection.number - 1);
  log_send(&line);
}

/* True if there is room for one more; else it is refused. */
static bool check_limits(server_t const *server, visit_t const *visit) {
  bool const full = server->sessions.count == server->sessions.max;
  if (!full && visit->connection.number <= server->settings->from_max) return true;
  refuse(server, visit, (refusal_t){.text = NET_BUSY, .reason = full ? "full" : "host_full"});
  return false;
}

/* True if the rules let it in; else it is refused. */
static bool check_rules(server_t *server, visit_t *visit) {
  net_rules_t *const rules = &server->rules;
  net_connection_t const *const connection = &visit->connection;
  net_client_t const client = {.ip = connection->is_unix ? NULL : &connection->remote_ip,
                               .uid = connection->uid};
  visit->rule.value_len = 0;
  if (!rules->path) return true;
  if (net_rules_refresh(rules) < 0 ||
      net_rules_find(rules, &client, &visit->rule, NULL, NULL) < 0) {
    refuse(server, visit, (refusal_t){NET_TROUBLE, "rules", errno, &rules->error});
    return false;
  }
  if (!visit->rule.allow)
    refuse(server, visit, (refusal_t){.text = NET_DENIED, .reason = "denied"});
  return visit->rule.allow;
}

/* ---- a session's start ----------------------------------------------------------------------- */

static pid_t spawn(server_t *server, visit_t const *visit) {
  net_facts_t facts;
  chain_fd_t const fds[] = {{0, visit->fd}, {1, visit->fd}};
  net_facts_make(&facts, &visit->connection);
  chain_spawn_t const child = {
      .path = server->next,
      .argv = server->settings->next,
      .envp = environment_make(&server->environment, &facts, &visit->rule),
      .fds = fds,
      .nfds = 2,
  };
  return chain_spawn(&child);
}

static void start(server_t *server, visit_t *visit) {
  uint64_t const time = now();
  pid_t const pid = spawn(server, visit);
  if (pid < 0) {
    refuse(server, visit, (refusal_t){NET_TROUBLE, "spawn", errno, NULL});
    return;
  }
  net_session_t *const session = net_sessions_add(&server->sessions, &visit->origin, pid);
  session->start = time;
  memcpy(session->id, visit->connection.id, sizeof session->id);
  log_accept(server, &visit->connection, pid);
}

static void find_origin(server_t const *server, visit_t *visit) {
  net_connection_t *const connection = &visit->connection;
  ip46 const *const ip = &connection->remote_ip;
  if (connection->is_unix)
    net_origin_of_uid(&visit->origin, connection->uid);
  else
    net_origin_of_ip(&visit->origin, ip, server->settings->prefix_bits[ip46_is6(ip)]);
  connection->number = 1 + net_sessions_from(&server->sessions, &visit->origin);
}

int session_accept(server_t *server, net_listener_t const *listener) {
  visit_t visit;
  visit.fd = net_accept(listener, &visit.connection);
  if (visit.fd < 0) return -1;
  chain_id_make(visit.connection.id);
  log_session(visit.connection.id);
  find_origin(server, &visit);
  if (check_limits(server, &visit) && check_rules(server, &visit)) start(server, &visit);
  log_session(NULL);
  close(visit.fd);
  return 0;
}

/* ---- a session's end ------------------------------------------------------------------------- */

/* Seconds and thousandths. */
static void log_duration(log_line_t *line, uint64_t microseconds) {
  char text[UINT64_FMT + 4];
  size_t len = uint64_fmt(text, microseconds / 1000000);
  text[len++] = '.';
  uint640_fmt(text + len, microseconds / 1000 % 1000, 3);
  log_bytes(line, "duration", text, len + 3);
}

static void end(server_t *server, net_session_t *session, int status) {
  log_line_t line;
  log_session(session->id);
  log_start(&line, PROG, "end");
  log_duration(&line, now() - session->start);
  if (WIFSIGNALED(status))
    log_uint(&line, "signal", (uint64_t)WTERMSIG(status));
  else
    log_uint(&line, "exit", (uint64_t)WEXITSTATUS(status));
  unsigned int const from = net_sessions_remove(&server->sessions, session);
  log_counts(&line, server, from);
  log_send(&line);
  log_session(NULL);
}

void sessions_reap(server_t *server) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    net_session_t *const session = net_sessions_find(&server->sessions, pid);
    if (session) end(server, session, status);
  }
}

void sessions_signal(server_t const *server, int signal) {
  for (unsigned int i = 0; i < server->sessions.max; i++)
    if (server->sessions.all[i].pid) kill(server->sessions.all[i].pid, signal);
}
