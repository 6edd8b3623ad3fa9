#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chain/chain.h"
#include "clock/clock.h"

static void on_child(int sig) {
  (void)sig;
}

static sigset_t child_signal(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  return set;
}

#define CLOSE_ON_EXEC 4 /* close_range's CLOSE_RANGE_CLOEXEC, which musl does not name */

/* What an acceptor left open, or a TLS provider that is not asked, is not for links. Kernels before
   Linux 5.11 cannot: then it is as it was. */
static void hide_descriptors(void) {
  syscall(SYS_close_range, 3u, ~0u, CLOSE_ON_EXEC);
}

void chain_call_init(void) {
  struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
  sigset_t child = child_signal();
  sigaction(SIGCHLD, &action, NULL);
  sigprocmask(SIG_BLOCK, &child, NULL);
  hide_descriptors();
}

/* The signal of a child that was waited for would only interrupt the wait for the next one. */
static void forget_child(void) {
  sigset_t child = child_signal();
  struct timespec at_once = {0};
  sigtimedwait(&child, NULL, &at_once);
}

/* One child, its pipe and its time. */
typedef struct call {
  pid_t pid;
  int pipe; /* -1 after EOF */
  int64_t deadline;
  int status;
} call_t;

/* Waits until the pipe has something or a signal came: SIGCHLD is let in only here, so a child that
   ends between our last look and this wait is not missed. 0, or -1 with ETIMEDOUT. */
static int wait_event(call_t const *call) {
  int64_t left = call->deadline - clock_milliseconds();
  if (left <= 0) return errno = ETIMEDOUT, -1;
  struct timespec limit = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
  struct pollfd ready = {.fd = call->pipe, .events = POLLIN};
  sigset_t none;
  sigemptyset(&none);
  ppoll(&ready, 1, &limit, &none);
  return 0;
}

#define READ_SIZE 4096
#define READS_MAX 256 /* that empty the largest pipe */

/* Reads what is there, once: who talks without end must not keep us from the clock. The pipe is
   non-blocking on our side. True if there may be more. */
static bool read_some(call_t *call, chain_reader_t *reader) {
  char bytes[READ_SIZE];
  ssize_t n;
  if (call->pipe < 0) return false;
  do n = read(call->pipe, bytes, sizeof bytes);
  while (n < 0 && errno == EINTR);
  if (n > 0) chain_reader_feed(reader, bytes, (size_t)n);
  if (n == 0) {
    close(call->pipe);
    call->pipe = -1;
  }
  return n == sizeof bytes;
}

/* Reads what the pipe holds; a grandchild may go on filling it. */
static void drain(call_t *call, chain_reader_t *reader) {
  for (int reads = 0; reads < READS_MAX && read_some(call, reader); reads++) continue;
}

/* Collects the child's words until it has ended; a grandchild that keeps the pipe open does not
   matter. 0, or -1 with ETIMEDOUT. */
static int collect(call_t *call, chain_reader_t *reader) {
  do {
    if (wait_event(call) < 0) return -1;
    read_some(call, reader);
  } while (waitpid(call->pid, &call->status, WNOHANG) != call->pid);
  drain(call, reader); /* its last words, said between the two looks */
  forget_child();
  return 0;
}

static void end_group(call_t *call) {
  kill(-call->pid, SIGKILL);
  kill(call->pid, SIGKILL); /* should it not have come to setpgid */
  while (waitpid(call->pid, &call->status, 0) < 0 && errno == EINTR) continue;
  forget_child();
}

static pid_t start(chain_call_t const *call, int verdict_fd) {
  chain_fd_t const fds[] = {{0, call->message_fd},
                            {1, call->envelope_fd},
                            {CHAIN_VERDICT_FD, verdict_fd},
                            {6, verdict_fd}};
  chain_spawn_t const spawn = {.path = call->path,
                               .argv = call->argv,
                               .envp = call->envp,
                               .fds = fds,
                               .nfds = sizeof fds / sizeof *fds,
                               .own_group = true};
  return chain_spawn(&spawn);
}

int chain_call(chain_call_t const *call, chain_reader_t *reader, chain_verdict_t *verdict) {
  static char const broken[] = "4.3.5 cannot run the mail chain";
  static char const late[] = "4.3.0 the mail chain took too long";
  int ends[2];
  chain_verdict_parse(verdict, CHAIN_DEFER, broken, sizeof broken - 1);
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  call_t running = {.pid = start(call, ends[1]), .pipe = ends[0]};
  int error = errno;
  close(ends[1]);
  if (running.pid < 0) {
    close(ends[0]);
    return errno = error, -1;
  }
  fcntl(running.pipe, F_SETFL, O_NONBLOCK);
  running.deadline = clock_milliseconds() + (int64_t)call->timeout * 1000;
  int result = collect(&running, reader);
  if (running.pipe >= 0) close(running.pipe);
  chain_reader_end(reader);
  if (result < 0) {
    end_group(&running);
    chain_verdict_parse(verdict, CHAIN_DEFER, late, sizeof late - 1);
    return 0;
  }
  chain_reader_verdict(reader, running.status, verdict);
  return 0;
}
