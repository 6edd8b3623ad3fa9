/* The control socket: its clients, and what they ask. Nothing here waits for any of them. */
#include "control.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "index.h"
#include "log/log.h"
#include "net/net.h"
#include "order.h"
#include "report.h"
#include "survey.h"

#define OUTPUT_FULL 16384 /* bytes that a client has not read: it is served again when it has */
#define AT_ONCE     8     /* requests of each that are served before other events are looked at */
#define BACKLOG     32
#define SILENCE     (STEER_TIMEOUT * SECOND)

typedef struct client {
  int fd; /* -1: there is none */
  uid_t uid;
  uint64_t deadline; /* if nothing comes or goes until then, it is closed */
  bool ended;        /* it asks no more */
  survey_t survey;
  stralloc output;
  size_t sent; /* of that */
  size_t len;
  char input[STEER_LINE_MAX];
} client_t;

static net_listener_t listener = {.fd = -1};
static uint64_t accept_again; /* after an error; 0: now */
static client_t clients[CONTROL_CLIENTS];

#define EACH_CLIENT(client)                                                                        \
  client_t *client = clients;                                                                      \
  (client) < clients + CONTROL_CLIENTS;                                                            \
  (client)++

void control_open(void) {
  char path[PATH_MAX];
  for (EACH_CLIENT(client)) client->fd = -1;
  int len = snprintf(path, sizeof path, "%s/control", settings.queue);
  errno = ENAMETOOLONG;
  if (len > 0 && (size_t)len < sizeof path &&
      net_listen_unix(&listener, SOCK_STREAM, path, 0600, BACKLOG) == 0)
    return;
  listener.fd = -1;
  report_trouble("control-failed", "step", "listen", errno);
}

void control_close(void) {
  if (listener.fd >= 0) net_listener_close(&listener);
}

/* ---- clients ---- */

static void report_denied(uid_t uid) {
  log_line_t line;
  log_start(&line, "queue-send", "control-denied");
  log_uint(&line, "uid", uid);
  log_send(&line);
}

static void leave(client_t *client) {
  close(client->fd);
  stralloc_free(&client->output);
  client->fd = -1;
}

static bool has_output(client_t const *client) {
  return client->output.len > client->sent;
}

static void flush(client_t *client) {
  while (has_output(client)) {
    ssize_t n = send(client->fd, client->output.s + client->sent, client->output.len - client->sent,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return leave(client);
    if (n < 0) return;
    client->sent += (size_t)n;
    client->deadline = clock_now() + SILENCE;
  }
  client->output.len = client->sent = 0;
}

static void say(client_t *client, steer_answer_t answer) {
  if (!stralloc_cats(&client->output, steer_answers[answer]) ||
      !stralloc_catb(&client->output, "\n", 1))
    client->ended = true;
}

static client_t *find_free(void) {
  for (EACH_CLIENT(client))
    if (client->fd < 0) return client;
  return NULL;
}

static void take_in(client_t *client) {
  net_connection_t connection;
  int fd = net_accept(&listener, &connection);
  if (fd < 0) {
    if (errno != EAGAIN) accept_again = clock_now() + SECOND;
    return;
  }
  *client = (client_t){.fd = fd, .uid = connection.uid, .deadline = clock_now() + SILENCE};
  if (client->uid == 0 || client->uid == getuid()) return;
  report_denied(client->uid);
  say(client, STEER_DENIED);
  client->ended = true;
  flush(client);
}

static void read_some(client_t *client) {
  ssize_t n = recv(client->fd, client->input + client->len, sizeof client->input - client->len,
                   MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) return leave(client);
  client->ended |= !n;
  client->len += (size_t)n;
  client->deadline = clock_now() + SILENCE;
}

/* ---- requests ---- */

static size_t line_length(client_t const *client) {
  char const *newline = memchr(client->input, '\n', client->len);
  return newline ? (size_t)(newline - client->input) : SIZE_MAX;
}

static void list(client_t *client, char const *name) {
  item_t const *item = index_find(name);
  if (item) survey_entry(&client->output, item);
  say(client, item ? STEER_DONE : STEER_GONE);
}

static void serve_request(client_t *client, steer_request_t const *request) {
  if (steer_verbs[request->verb].has_name)
    say(client, order_obey(request, client->uid));
  else if (request->verb == STEER_STAT)
    survey_rest(&client->survey, &client->output);
  else if (*request->name)
    list(client, request->name);
  else
    survey_entries(&client->survey);
}

/* One who says what cannot be understood is not understood again. */
static void refuse(client_t *client) {
  say(client, STEER_BAD);
  client->ended = true;
  client->len = 0;
}

static void serve_line(client_t *client, size_t len) {
  steer_request_t request;
  if (steer_request_parse(&request, client->input, len) < 0) return refuse(client);
  serve_request(client, &request);
  client->len -= len + 1;
  memmove(client->input, client->input + len + 1, client->len);
}

static void go_on(client_t *client) {
  while (client->survey.subject && client->output.len < OUTPUT_FULL)
    if (!survey_step(&client->survey, &client->output)) return leave(client);
  if (!client->survey.subject) say(client, STEER_DONE);
}

static bool has_work(client_t const *client) {
  if (client->fd < 0 || client->output.len >= OUTPUT_FULL) return false;
  return client->survey.subject || line_length(client) != SIZE_MAX;
}

static void serve(client_t *client) {
  if (client->survey.subject)
    go_on(client);
  else
    serve_line(client, line_length(client));
  if (client->fd >= 0) flush(client);
}

/* ---- all of them ---- */

static void look_after(client_t *client) {
  bool has_line = line_length(client) != SIZE_MAX;
  if (client->len == sizeof client->input && !has_line) refuse(client);
  bool is_done = client->ended && !has_output(client) && !client->survey.subject && !has_line;
  if (is_done || clock_now() >= client->deadline) leave(client);
}

void control_run(void) {
  bool busy = true;
  for (unsigned i = 0; busy && i < AT_ONCE; i++) {
    busy = false;
    for (EACH_CLIENT(client)) {
      if (!has_work(client)) continue;
      serve(client);
      busy = true;
    }
  }
  for (EACH_CLIENT(client))
    if (client->fd >= 0) look_after(client);
}

static short events_of(client_t const *client) {
  bool reads = !client->ended && client->len < sizeof client->input;
  return (short)((reads ? POLLIN : 0) | (has_output(client) ? POLLOUT : 0));
}

/* The listener comes first; one whose turn it is not is asked for nothing. */
size_t control_polls(struct pollfd *polls) {
  if (clock_now() >= accept_again) accept_again = 0;
  bool may_accept = !accept_again && find_free();
  size_t count = 0;
  polls[count++] = (struct pollfd){may_accept ? listener.fd : -1, POLLIN, 0};
  for (EACH_CLIENT(client)) polls[count++] = (struct pollfd){client->fd, events_of(client), 0};
  return count;
}

static void handle(client_t *client, short events) {
  if (events & POLLIN) read_some(client);
  if (client->fd >= 0 && events & POLLOUT) flush(client);
  if (client->fd >= 0 && events & (POLLHUP | POLLERR) && !(events & POLLIN)) leave(client);
}

void control_handle(struct pollfd const *polls) {
  for (size_t i = 0; i < CONTROL_CLIENTS; i++)
    if (clients[i].fd >= 0) handle(&clients[i], polls[i + 1].revents);
  client_t *client = find_free();
  if (polls[0].revents && client) take_in(client);
}

uint64_t control_deadline(void) {
  uint64_t deadline = accept_again ? accept_again : NEVER;
  for (EACH_CLIENT(client)) {
    if (client->fd < 0) continue;
    if (has_work(client)) return 0;
    if (client->deadline < deadline) deadline = client->deadline;
  }
  return deadline;
}
