/* The loop: connections, the ends of sessions, signals, and how it all ends. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "log/log.h"
#include "tcp-accept.h"

#define SECOND         UINT64_C(1000000)
#define PAUSE          (SECOND / 2) /* without accepting, when a resource has run out */
#define TERMINATE_TIME 5            /* seconds from TERM to KILL */
#define NEVER          UINT64_MAX

typedef enum phase { SERVING, DRAINING, TERMINATING, KILLING } phase_t;

/* What each phase does to the sessions when it begins. */
static struct {
  char const *event;
  int signal; /* 0: nothing */
} const phases[] = {
    [DRAINING] = {"drain", 0},
    [TERMINATING] = {"terminate", SIGTERM},
    [KILLING] = {"kill", SIGKILL},
};

typedef struct loop {
  server_t *server;
  listeners_t *listeners;
  int signals; /* a signalfd: a busy listener cannot keep signals waiting */
  phase_t phase;
  uint64_t phase_end, pause_end;
  int shortage; /* the error that was told of since a connection was accepted; 0: none */
  struct pollfd polled[1 + LISTENERS_MAX];
} loop_t;

/* ---- phases ---------------------------------------------------------------------------------- */

static void close_listeners(listeners_t *listeners) {
  for (size_t i = 0; i < listeners->count; i++) net_listener_close(&listeners->all[i]);
  listeners->count = 0;
}

static uint64_t end_of(phase_t phase, settings_t const *settings) {
  switch (phase) {
  case DRAINING: return now() + settings->grace * SECOND;
  case TERMINATING: return now() + TERMINATE_TIME * SECOND;
  default: return NEVER;
  }
}

static void enter(loop_t *loop, phase_t phase) {
  log_line_t line;
  if (loop->phase == SERVING) {
    close_listeners(loop->listeners);
    net_notify("STOPPING=1");
  }
  log_start(&line, PROG, phases[phase].event);
  log_uint(&line, "count", loop->server->sessions.count);
  log_send(&line);
  if (phases[phase].signal) sessions_signal(loop->server, phases[phase].signal);
  loop->phase = phase;
  loop->phase_end = end_of(phase, loop->server->settings);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void reload(server_t *server) {
  log_line_t line;
  if (!server->settings->rules_path) return;
  net_rules_free(&server->rules);
  net_rules_init_private(&server->rules, server->settings->rules_path);
  log_start(&line, PROG, "reload");
  if (net_rules_refresh(&server->rules) < 0) log_errno(&line, errno);
  log_send(&line);
}

static void take_signal(loop_t *loop, int signal) {
  switch (signal) {
  case SIGCHLD:
    sessions_reap(loop->server);
    loop->pause_end = 0;
    break;
  case SIGHUP: reload(loop->server); break;
  default: enter(loop, loop->phase == SERVING ? DRAINING : KILLING); break;
  }
}

static void take_signals(loop_t *loop) {
  struct signalfd_siginfo taken[8];
  ssize_t const r = read(loop->signals, taken, sizeof taken);
  for (size_t i = 0; r > 0 && i < (size_t)r / sizeof *taken; i++)
    take_signal(loop, (int)taken[i].ssi_signo);
}

/* ---- accepting ------------------------------------------------------------------------------- */

/* Errors that stay until somebody gives something back. What else accept says is about one
   connection that has gone wrong, and the next may be fine. */
static bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static bool is_broken(int error) {
  return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EFAULT;
}

static void accept_failed(loop_t *loop, int error) {
  log_line_t line;
  if (is_broken(error)) strerr_diefu1sys(111, "accept");
  if (!is_shortage(error)) return;
  loop->pause_end = now() + PAUSE;
  if (loop->shortage == error) return;
  loop->shortage = error;
  log_start(&line, PROG, "pause");
  log_errno(&line, error);
  log_send(&line);
}

static void take_connection(loop_t *loop, net_listener_t const *listener) {
  if (session_accept(loop->server, listener) < 0)
    accept_failed(loop, errno);
  else
    loop->shortage = 0;
}

static void take_connections(loop_t *loop) {
  for (size_t i = 0; i < loop->listeners->count && !loop->pause_end; i++)
    if (loop->polled[1 + i].revents) take_connection(loop, &loop->listeners->all[i]);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Milliseconds until the next thing that must happen by itself, -1: nothing. */
static int wait_time(loop_t const *loop) {
  uint64_t until = loop->phase_end;
  if (loop->pause_end && loop->pause_end < until) until = loop->pause_end;
  if (until == NEVER) return -1;
  uint64_t const time = now();
  return until <= time ? 0 : (int)((until - time) / 1000 + 1);
}

static void take_time(loop_t *loop) {
  if (!loop->pause_end && loop->phase_end == NEVER) return;
  uint64_t const time = now();
  if (loop->pause_end <= time) loop->pause_end = 0;
  if (loop->phase_end <= time) enter(loop, loop->phase + 1);
}

static void turn(loop_t *loop) {
  nfds_t const count = loop->pause_end ? 1 : 1 + (nfds_t)loop->listeners->count;
  if (poll(loop->polled, count, wait_time(loop)) < 0) {
    if (errno == EINTR) return;
    strerr_diefu1sys(111, "poll");
  }
  take_time(loop);
  if (loop->polled[0].revents) take_signals(loop);
  if (count > 1) take_connections(loop);
}

void serve(server_t *server, listeners_t *listeners, int signals) {
  loop_t loop = {.server = server, .listeners = listeners, .signals = signals, .phase_end = NEVER};
  loop.polled[0] = (struct pollfd){.fd = loop.signals, .events = POLLIN};
  for (size_t i = 0; i < listeners->count; i++)
    loop.polled[1 + i] = (struct pollfd){.fd = listeners->all[i].fd, .events = POLLIN};
  while (loop.phase == SERVING || server->sessions.count) turn(&loop);
}
