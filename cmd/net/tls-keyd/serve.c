/* One process: peers, their connections, the folder's changes. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "../shared/service.h"
#include "log/log.h"
#include "tls-keyd.h"

#define EVENTS 64
#define TICK                                                                                       \
  10 /* seconds between two looks at idle connections, and at the folder if nobody asks */
#define PAUSE       50 /* milliseconds without accepting, when a resource has run out */
#define IDLE_ENOUGH 1  /* seconds after which a connection may make way for another */

/* What an event is about: a connection's index, or one of these. */
enum { TAG_LISTENER = -1, TAG_SIGNALS = -2 };

typedef struct connection {
  int fd; /* -1: free */
  size_t peer;
  uint32_t asked; /* when */
} connection_t;

typedef struct process {
  service_t const *service;
  settings_t const *settings;
  keyd_store_t *store;
  int epoll, signals;
  bool speaks, is_ended;
  uint32_t now, ticked, said;
  size_t max;
  size_t counts[PEERS_MAX]; /* connections of each peer */
  connection_t *connections;
} process_t;

static uint32_t seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint32_t)time.tv_sec;
}

/* ---- log ------------------------------------------------------------------------------------- */

/* At most one line a second: a peer must not be able to fill the disk. */
static void say(process_t *process, char const *event, uid_t uid, char const *reason) {
  log_line_t line;
  if (process->said == process->now) return;
  process->said = process->now;
  log_start(&line, PROG, event);
  log_uint(&line, "uid", uid);
  if (reason) log_str(&line, "reason", reason);
  log_send(&line);
}

static void log_names(log_line_t *line, cert_names_t names) {
  cert_bytes_t name;
  uint64_t count = 0;
  for (; cert_names_next(&names, &name); count++)
    if (!count) log_bytes(line, "name", (char const *)name.at, name.len);
  log_uint(line, "names", count);
  if (names.is_common_name && count) log_str(line, "from", "common-name");
}

static void log_pair(log_line_t *line, cert_pair_t const *pair) {
  char hash[CERT_HASH_TEXT];
  int64_t const left = pair->not_after - time(NULL);
  cert_bytes_t const *const leaf = &pair->chain.certificates[0];
  log_names(line, pair->names);
  log_str(line, "type", cert_key_type_name(pair->key.type));
  cert_hash_text(leaf->at, leaf->len, hash);
  log_str(line, "hash", hash);
  if (left < 0) log_str(line, "expired", "yes");
  if (left >= 0) log_uint(line, "days", (uint64_t)left / 86400);
}

static void log_change(void *data, keyd_change_t change, cert_files_t const *files,
                       cert_pair_t const *pair, char const *reason) {
  static char const *const words[] = {[KEYD_ADDED] = "added",
                                      [KEYD_REPLACED] = "replaced",
                                      [KEYD_REMOVED] = "removed",
                                      [KEYD_REFUSED] = "refused"};
  process_t const *const process = data;
  log_line_t line;
  if (!process->speaks) return;
  log_start(&line, PROG, "certificate");
  log_str(&line, "change", words[change]);
  log_str(&line, "path", files->chain);
  if (pair) log_pair(&line, pair);
  if (reason) log_str(&line, "reason", reason);
  log_send(&line);
}

/* ---- connections ----------------------------------------------------------------------------- */

static int watch(process_t *process, int fd, uint32_t events, int tag) {
  struct epoll_event event = {.events = events, .data.fd = tag};
  return epoll_ctl(process->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void end_connection(process_t *process, connection_t *connection) {
  close(connection->fd);
  connection->fd = -1;
  process->counts[connection->peer]--;
}

static connection_t *free_connection(process_t *process) {
  connection_t *connection = process->connections;
  while (connection->fd >= 0) connection++;
  return connection;
}

/* True if one of this peer's has made way. */
static bool make_way(process_t *process, size_t peer) {
  connection_t *longest = NULL;
  for (size_t i = 0; i < process->max; i++) {
    connection_t *const connection = &process->connections[i];
    if (connection->fd < 0 || connection->peer != peer) continue;
    if (!longest || connection->asked < longest->asked) longest = connection;
  }
  if (!longest || process->now - longest->asked < IDLE_ENOUGH) return false;
  end_connection(process, longest);
  return true;
}

static void end_idle(process_t *process) {
  for (size_t i = 0; i < process->max; i++) {
    connection_t *const connection = &process->connections[i];
    if (connection->fd >= 0 && process->now - connection->asked >= process->settings->idle)
      end_connection(process, connection);
  }
}

/* ---- accepting ------------------------------------------------------------------------------- */

static void refuse(process_t *process, int fd, uid_t uid, int error, char const *reason) {
  unsigned char const status = keyd_status(error);
  send(fd, &status, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  close(fd);
  say(process, "refuse", uid, reason);
}

static size_t find_peer(settings_t const *settings, uid_t uid) {
  size_t peer = 0;
  while (peer < settings->peers && settings->uids[peer] != uid) peer++;
  return peer;
}

static void take_connection(process_t *process, int fd, uid_t uid) {
  settings_t const *const settings = process->settings;
  size_t const peer = find_peer(settings, uid);
  if (peer == settings->peers) return refuse(process, fd, uid, EPERM, "stranger");
  if (process->counts[peer] == settings->connections && !make_way(process, peer))
    return refuse(process, fd, uid, EAGAIN, "busy");
  connection_t *const connection = free_connection(process);
  if (watch(process, fd, EPOLLIN, (int)(connection - process->connections)) < 0)
    return refuse(process, fd, uid, errno, "shortage");
  *connection = (connection_t){.fd = fd, .peer = peer, .asked = process->now};
  process->counts[peer]++;
}

static bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void accept_one(process_t *process) {
  net_connection_t about;
  int const fd = net_accept(&process->service->listener, &about);
  if (fd >= 0) take_connection(process, fd, about.uid);
  if (fd < 0 && is_shortage(errno)) poll(NULL, 0, PAUSE);
}

/* ---- questions ------------------------------------------------------------------------------- */

static unsigned char question[KEYD_REQUEST_MAX], answered[KEYD_ANSWER_MAX];

/* False if that was the connection's end. */
static bool reply(process_t *process, connection_t const *connection, size_t len) {
  settings_t const *const settings = process->settings;
  size_t const answer_len = answer(process->store, process->service->sessions, connection->peer,
                                   process->now, question, len, answered);
  bool const is_malformed = answered[0] == keyd_status(EPROTO);
  ssize_t const sent = send(connection->fd, answered, answer_len, MSG_DONTWAIT | MSG_NOSIGNAL);
  cert_wipe(question, len);
  cert_wipe(answered, answer_len);
  if (is_malformed) say(process, "malformed", settings->uids[connection->peer], NULL);
  return sent == (ssize_t)answer_len && !is_malformed;
}

static void take_question(process_t *process, connection_t *connection) {
  ssize_t const n = recv(connection->fd, question, sizeof question, MSG_DONTWAIT | MSG_TRUNC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  connection->asked = process->now;
  /* A longer one was cut: no question is. */
  size_t const len = (size_t)n > sizeof question ? 0 : (size_t)n;
  if (n <= 0 || !reply(process, connection, len)) end_connection(process, connection);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void take_signals(process_t *process) {
  for (int signal; (signal = signals_take(process->signals));) {
    if (signal == SIGHUP) keyd_store_reread(process->store);
    if (signal == SIGTERM || signal == SIGINT) process->is_ended = true;
  }
}

static void take_event(process_t *process, struct epoll_event const *event) {
  switch (event->data.fd) {
  case TAG_LISTENER: accept_one(process); break;
  case TAG_SIGNALS: take_signals(process); break;
  default: {
    connection_t *const connection = &process->connections[event->data.fd];
    if (connection->fd >= 0) take_question(process, connection);
  }
  }
}

static void take_time(process_t *process) {
  process->now = seconds();
  if (process->now - process->ticked < TICK) return;
  process->ticked = process->now;
  end_idle(process);
  keyd_store_refresh(process->store);
  if (process->speaks && process->service->sessions)
    keyd_sessions_sweep(process->service->sessions, process->now);
}

/* Connections that were made in this turn are looked at in the next: an event may be about one that
   has ended and left its place to another. */
static void turn(process_t *process) {
  struct epoll_event events[EVENTS];
  int const count = epoll_wait(process->epoll, events, EVENTS, TICK * 1000);
  if (count < 0 && errno != EINTR) strerr_diefu1sys(111, "epoll_wait");
  take_time(process);
  for (int i = 0; i < count; i++)
    if (events[i].data.fd != TAG_LISTENER) take_event(process, &events[i]);
  for (int i = 0; i < count; i++)
    if (events[i].data.fd == TAG_LISTENER) take_event(process, &events[i]);
}

/* ---- the start ------------------------------------------------------------------------------- */

static void open_store(process_t *process) {
  settings_t const *const settings = process->settings;
  char const *reason;
  process->store = keyd_store_open(settings->folder, settings->me, log_change, process, &reason);
  if (process->store) return;
  if (process->speaks) strerr_warnwu4x("use ", settings->folder, ": ", reason);
  _exit(111);
}

static void make_connections(process_t *process) {
  process->max = process->settings->peers * process->settings->connections;
  process->connections = calloc(process->max, sizeof *process->connections);
  if (!process->connections) strerr_diefu1sys(111, "get memory for connections");
  for (size_t i = 0; i < process->max; i++) process->connections[i].fd = -1;
}

static void make_epoll(process_t *process) {
  process->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (process->epoll < 0) strerr_diefu1sys(111, "open an epoll descriptor");
  /* One process of those that wait is enough for one connection. */
  int const listener = process->service->listener.fd;
  if (watch(process, listener, EPOLLIN | EPOLLEXCLUSIVE, TAG_LISTENER) < 0 ||
      watch(process, process->signals, EPOLLIN, TAG_SIGNALS) < 0)
    strerr_diefu1sys(111, "epoll_ctl");
}

int serve(service_t const *service, bool speaks, int ready) {
  static process_t process;
  process = (process_t){.service = service, .settings = service->settings, .speaks = speaks};
  process.signals = service_signals();
  process.now = process.ticked = seconds();
  process.said = process.now - 1;
  guard_process(process.settings);
  open_store(&process);
  make_connections(&process);
  make_epoll(&process);
  guard_files(process.settings, speaks);
  if (write(ready, "", 1) != 1) return 111;
  close(ready);
  while (!process.is_ended) turn(&process);
  keyd_store_close(process.store);
  return 0;
}
